import type { PropsWithChildren } from "@elysiajs/html";
import { Icon, type IconName } from "./icon.tsx";

interface EmptyStateProps {
  icon: IconName;
  title: string;
  text: string;
  /** It is all that the page has, so its title is the page's. */
  isWholePage?: boolean;
}

/** What would be here, and the first step towards it. */
export function EmptyState(props: PropsWithChildren<EmptyStateProps>) {
  return (
    <section class="card empty">
      <Icon name={props.icon} size={24} />
      {props.isWholePage ? <h1 safe>{props.title}</h1> : <h2 safe>{props.title}</h2>}
      <p class="soft" safe>
        {props.text}
      </p>
      {props.children}
    </section>
  );
}
