import { attr } from "../attr.ts";
import { Spark } from "./spark.tsx";

interface StatProps {
  label: string;
  value: string;
  /** After the value, softer: "of 8". */
  unit?: string;
  /** The exact value, where the shown one is shortened. */
  title?: string;
  /** One line below: what the figure is made of. */
  detail: string;
  /** Points of a small line beside the value, oldest first. */
  spark?: number[];
  sparkClass?: string;
}

/** One figure that matters. */
export function Stat(props: StatProps) {
  return (
    <div class="stat">
      <dt safe>{props.label}</dt>
      <dd>
        <span class="figure">
          <span class="value" title={props.title && attr(props.title)}>
            <span safe>{props.value}</span>
            {props.unit !== undefined ? <small safe>{` ${props.unit}`}</small> : null}
          </span>
          {props.spark !== undefined ? (
            <Spark points={props.spark} className={props.sparkClass ?? "c-accent"} />
          ) : null}
        </span>
        <span class="detail" title={attr(props.detail)} safe>
          {props.detail}
        </span>
      </dd>
    </div>
  );
}
