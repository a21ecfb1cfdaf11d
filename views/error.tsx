import { EmptyState } from "./components/empty-state.tsx";
import { Mark } from "./components/icon.tsx";
import { Document } from "./document.tsx";

export interface ErrorPageProps {
  title: string;
  text: string;
}

/** Inside the frame of a page. */
export function ErrorBody(props: ErrorPageProps) {
  return (
    <EmptyState icon="alert" title={props.title} text={props.text} isWholePage>
      <a class="btn" href="/">
        To the dashboard
      </a>
    </EmptyState>
  );
}

/** The answer to a form whose sender is not logged in any more; nothing of it was done. */
export function SessionEnded() {
  return (
    <Document title="Session ended" theme="auto">
      <main class="centre">
        <div class="brand">
          <Mark />
          Load Balancer
        </div>
        <EmptyState
          icon="alert"
          isWholePage
          title="Your session has ended"
          text="Nothing was changed. Log in in a new tab, then load this page again: your browser sends again what you typed."
        >
          <a class="btn main" href="/login?why=again" target="_blank" rel="noopener">
            Log in
          </a>
        </EmptyState>
      </main>
    </Document>
  );
}

/** Alone, where nobody is logged in or the frame itself can't be made. */
export function ErrorPage(props: ErrorPageProps) {
  return (
    <Document title={props.title} theme="auto">
      <main class="centre">
        <div class="brand">
          <Mark />
          Load Balancer
        </div>
        <ErrorBody {...props} />
      </main>
    </Document>
  );
}
