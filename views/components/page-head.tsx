import type { PropsWithChildren } from "@elysiajs/html";
import { attr } from "../attr.ts";

interface PageHeadProps {
  title: string;
  /** One line: how things stand. */
  verdict: string;
  crumb?: { href: string; label: string; rest?: string };
  /** Drawn before the title: a colour dot. */
  mark?: string;
}

/** Title, one-line verdict, and the page's actions at the right. */
export function PageHead(props: PropsWithChildren<PageHeadProps>) {
  return (
    <header class="head">
      <div>
        {props.crumb !== undefined ? (
          <nav class="crumb" aria-label="Breadcrumb">
            <a href={attr(props.crumb.href)} safe>
              {props.crumb.label}
            </a>
            {props.crumb.rest !== undefined ? <bdi safe>{`/ ${props.crumb.rest}`}</bdi> : null}
          </nav>
        ) : null}
        <h1>
          {props.mark !== undefined ? <span class={`dot ${props.mark}`} /> : null}
          <bdi safe>{props.title}</bdi>
        </h1>
        <p class="soft" id="verdict" safe>
          {props.verdict}
        </p>
      </div>
      <div class="acts">{props.children}</div>
    </header>
  );
}
