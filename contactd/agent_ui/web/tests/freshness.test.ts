import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { describe, expect, it, onTestFinished } from "vitest";
import { keys } from "../src/api";
import { outdate, refresh } from "../src/freshness";
import type { MessageView, WireEvent } from "../src/wire";

const KEY = keys.messages("i1");

function message(id: string): MessageView {
  return { id, at: `2026-11-20T01:00:0${id}.000Z`, text: id } as unknown as MessageView;
}

function added(id: string): WireEvent {
  return { seq: 1, event: "message.added", data: { interaction: "i1", message: message(id) } } as WireEvent;
}

/** A server that answers when it is told to, with what it knew when it was asked. */
class Server {
  known: MessageView[] = [];
  private waiting: (() => void)[] = [];

  readonly ask = ({ signal }: { signal: AbortSignal }): Promise<MessageView[]> => {
    const then = [...this.known];
    return new Promise((tell, fail) => {
      signal.addEventListener("abort", () => fail(new Error("aborted")));
      this.waiting.push(() => tell(then));
    });
  };

  /** Answer everything, until nobody asks any more. */
  async answer(): Promise<void> {
    for (let round = 0; round < 5; round++) {
      for (const tell of this.waiting.splice(0)) tell();
      await settled();
    }
  }
}

function settled(): Promise<void> {
  return new Promise((done) => setTimeout(done, 0));
}

interface Screen {
  server: Server;
  queries: QueryClient;
  shown(): string[] | undefined;
}

/** A screen that has just asked for the messages of a server that knows `known`. */
async function screen(...known: string[]): Promise<Screen> {
  const server = new Server();
  server.known = known.map(message);
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: 15_000, retry: false } } });
  const observer = new QueryObserver<MessageView[]>(queries, { queryKey: KEY, queryFn: server.ask });
  onTestFinished(observer.subscribe(() => undefined));
  await settled();
  return { server, queries, shown: () => observer.getCurrentResult().data?.map((one) => one.id) };
}

describe("a message that comes", () => {
  it("is shown at once beside what is known", async () => {
    const { server, queries, shown } = await screen("1");
    await server.answer();
    refresh(queries, added("2"));
    expect(shown()).toEqual(["1", "2"]);
  });

  it("while the first answer is under way is not lost under it", async () => {
    const { server, queries, shown } = await screen();
    server.known = [message("2")];
    refresh(queries, added("2"));
    await settled();
    await server.answer();
    expect(shown()).toEqual(["2"]);
  });

  it("while a later answer is under way is not lost under it", async () => {
    const { server, queries, shown } = await screen("1");
    await server.answer();
    void queries.invalidateQueries({ queryKey: KEY });
    await settled();
    server.known = [message("1"), message("2")];
    refresh(queries, added("2"));
    await settled();
    expect(shown()).toEqual(["1", "2"]);
    await server.answer();
    expect(shown()).toEqual(["1", "2"]);
  });
});

it("what is outdated while its first answer is under way is asked for again", async () => {
  const { server, queries, shown } = await screen();
  server.known = [message("1")];
  void outdate(queries, { queryKey: KEY });
  await settled();
  await server.answer();
  expect(shown()).toEqual(["1"]);
});
