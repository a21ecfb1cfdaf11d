import { type LicensedPart, LicensesPage } from "../../views/licenses.tsx";
import { readLicenses } from "../version.ts";
import type { PageContext } from "./page-context.ts";
import { page } from "./render.tsx";

const RULE = /^={20,}$/m;

export async function showLicenses(context: PageContext): Promise<Response> {
  const parts = licensedParts(await readLicenses());
  return page(context, { title: "Licences", section: "/settings" }, <LicensesPage parts={parts} />);
}

/** The pieces of the file that `version --licenses` prints, whose first lines say what they are. */
function licensedParts(text: string): LicensedPart[] {
  const [, ...pieces] = text.split(RULE);
  return pieces.map((piece) => {
    const [title = "", ...lines] = piece.trim().split("\n");
    return { title, text: lines.join("\n").trim() };
  });
}
