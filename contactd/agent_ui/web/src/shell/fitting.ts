/** A thing that can be done from the search box, and which of them fit what is typed; pure. */

export interface Command {
  id: string;
  label: string;
  /** Other words it is found by. */
  also: string;
  run(): void;
}

/** Those that fit what is asked: all its words stand in the label or beside it. */
export function fitting(commands: readonly Command[], asked: string): Command[] {
  const words = asked.toLowerCase().split(/\s+/).filter(Boolean);
  return commands.filter(({ id, label, also }) => {
    const text = `${id} ${label} ${also}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
