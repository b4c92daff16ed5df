/** The first mails of a file, by what they say about themselves. */
import { useWords } from "../i18n";
import type { Preview } from "./files";

export function Letters({ preview }: { preview: Preview }) {
  const { word } = useWords();
  return (
    <div className="exchange-sheet" data-testid="import-letters">
      <table>
        <thead>
          <tr>
            {preview.headers.map((header) => (
              <th key={header} scope="col">
                {word("exchange.letter", header, header)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {preview.rows.map((row, n) => (
            <tr key={n}>
              {row.map((cell, column) => (
                <td key={column}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
