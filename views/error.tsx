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
    <EmptyState icon="alert" title={props.title} text={props.text}>
      <a class="btn" href="/">
        To the dashboard
      </a>
    </EmptyState>
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
