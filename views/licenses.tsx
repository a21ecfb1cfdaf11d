import { PageHead } from "./components/page-head.tsx";
import { plural } from "./verdicts.ts";

/** One piece of foreign software. */
export interface LicensedPart {
  /** Name, version and licence in one line. */
  title: string;
  /** Empty: the piece brings none. */
  text: string;
}

/** What others made that is inside, each with its licence's text. */
export function LicensesPage(props: { parts: LicensedPart[] }) {
  return (
    <>
      <PageHead
        title="Licences"
        verdict={`${plural(props.parts.length, "piece")} of software by others are inside.`}
        crumb={{ href: "/settings/about", label: "About" }}
      />
      <section class="card licenses" aria-label="Licences">
        {props.parts.map(({ title, text }) =>
          text === "" ? (
            <p safe>{title}</p>
          ) : (
            <details>
              <summary safe>{title}</summary>
              <pre tabindex="0" safe>
                {text}
              </pre>
            </details>
          ),
        )}
      </section>
    </>
  );
}
