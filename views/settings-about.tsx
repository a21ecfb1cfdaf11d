import { Fact, FactOf, Facts } from "./components/facts.tsx";
import { Icon } from "./components/icon.tsx";
import { Ago } from "./components/time.tsx";
import { duration, type Reader } from "./format.ts";
import { SettingsHead } from "./settings-tabs.tsx";

export interface SettingsAboutProps {
  version: string;
  startedAt: number;
  runtime: string;
  database: string;
  dataDir: string;
  /** One line each: what is looked at, and what is wrong with it. */
  health: { isGood: boolean; text: string }[];
  reader: Reader;
}

/** The part About: what runs here, how it does, and where more is told. */
export function SettingsAbout(props: SettingsAboutProps) {
  const { reader } = props;
  const isWell = props.health.every(({ isGood }) => isGood);
  return (
    <>
      <SettingsHead
        tab="/settings/about"
        verdict={`Load Balancer ${props.version}, ${isWell ? "all is well" : "something needs a look"}.`}
      />
      <div class="cards">
        <section class="card">
          <header>
            <h2>This program</h2>
          </header>
          <div class="inside">
            <Facts>
              <Fact label="Version" value={props.version} />
              <FactOf label="Running for">
                <span safe>{duration(reader.now - props.startedAt)}</span>
                <span class="soft">
                  since <Ago at={props.startedAt} reader={reader} />
                </span>
              </FactOf>
              <Fact label="Runtime" value={props.runtime} />
              <Fact label="Database" value={props.database} />
              <Fact label="Data folder" value={props.dataDir} mono />
              <FactOf label="By others">
                <a href="/settings/about/licenses">What is inside, with its licences</a>
              </FactOf>
            </Facts>
          </div>
        </section>
        <section class="card">
          <header>
            <h2>Health</h2>
          </header>
          <ul class="list">
            {props.health.map(({ isGood, text }) => (
              <li class={isGood ? "is-available" : "is-invalid"}>
                <Icon name={isGood ? "check" : "alert"} size={14} />
                <span safe>{text}</span>
              </li>
            ))}
          </ul>
        </section>
        <section class="card">
          <header>
            <h2>For scripts</h2>
          </header>
          <ul class="list">
            <li>
              <span>
                <a href="/api/admin/docs">Admin API</a>{" "}
                <span class="soft">all that these pages do, with examples to paste</span>
              </span>
            </li>
            <li>
              <span>
                <a href="/api/admin/monitoring">Monitoring</a>{" "}
                <span class="soft">the dashboard's figures as JSON</span>
              </span>
            </li>
            <li>
              <span>
                <a href="/metrics">Metrics</a> <span class="soft">for Prometheus</span>
              </span>
            </li>
            <li>
              <span>
                <a href="/health">Health</a> and <a href="/ready">readiness</a>{" "}
                <span class="soft">without a login</span>
              </span>
            </li>
          </ul>
        </section>
      </div>
      <p class="sub">
        What must be known before the start (address, data folder, passwords) is read from the environment.
      </p>
    </>
  );
}
