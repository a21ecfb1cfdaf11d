import type { PropsWithChildren } from "@elysiajs/html";
import { Icon, type IconName } from "./icon.tsx";

/** What would be here, and the first step towards it. */
export function EmptyState(props: PropsWithChildren<{ icon: IconName; title: string; text: string }>) {
  return (
    <section class="card empty">
      <Icon name={props.icon} size={24} />
      <h2 safe>{props.title}</h2>
      <p class="soft" safe>
        {props.text}
      </p>
      {props.children}
    </section>
  );
}
