/** How a robot is connected: the reference robot by one command, one of another maker step by step. */

import { useConsole } from "../context.ts";
import { commands, ofStage } from "../logic/commands.ts";
import { Command } from "../parts/Command.tsx";
import { Heading } from "../parts/Heading.tsx";
import { texts } from "../texts/texts.ts";

const KEY = "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout robot.key -subj /CN=robot";

export function ConnectRobot() {
  const { api, stage } = useConsole().config;
  const register = ofStage(commands.ofRobot("register", "Rusty"), stage);
  const steps = [
    ["register", `${register}\n# or by the API: POST ${api}/api/depot/bots {"name": "Rusty"}`],
    ["key", `${KEY} -out robot.csr`],
    ["certificate", `POST ${api}/api/fleet/robots/<id>/certificate\n{"csr": "-----BEGIN CERTIFICATE REQUEST-----…"}`],
    ["start", null],
  ] as const;
  return (
    <>
      <Heading title={texts("connect.title")} back={{ label: texts("place.robots"), parts: ["robots"] }} />
      <p>{texts("connect.intro")}</p>
      <div class="columns columns-even">
        <section class="card stack-close" aria-labelledby="reference">
          <h2 id="reference">{texts("connect.reference")}</h2>
          <p>{texts("connect.referenceHow")}</p>
          {stage === "local" ? (
            <Command text={commands.runRobot()} />
          ) : (
            <Typed
              text={`export MALLBOTS_API=${api}\nexport MALLBOTS_TOKEN=$(${commands.token("staff", stage)})\n${commands.robotOf(stage)}`}
            />
          )}
        </section>
        <section class="card stack-close" aria-labelledby="own">
          <h2 id="own">{texts("connect.own")}</h2>
          <ol class="connect stack">
            {steps.map(([step, command]) => (
              <li key={step}>
                <h3>{texts(`connect.${step}`)}</h3>
                {command && <Typed text={command} />}
                <p class="soft">{texts(`connect.${step}How`)}</p>
              </li>
            ))}
          </ol>
          <p>
            <a href="../docs/">{texts("connect.api")}</a> {texts("connect.apiHow")}
          </p>
        </section>
      </div>
      <p class="soft">{texts("connect.rest")}</p>
    </>
  );
}

/** Something to type or to send, as it is. */
function Typed({ text }: { readonly text: string }) {
  return (
    <pre class="command">
      <code>{text}</code>
    </pre>
  );
}
