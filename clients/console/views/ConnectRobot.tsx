/** How a robot is connected: what staff ask of the API, and what is done on the robot. */

import { useConsole } from "../context.ts";
import { Heading } from "../parts/Heading.tsx";
import { texts } from "../texts/texts.ts";

export function ConnectRobot() {
  const { config } = useConsole();
  const api = config.api;
  return (
    <>
      <Heading title={texts("connect.title")} back={{ label: texts("place.robots"), parts: ["robots"] }} />
      <div class="card stack narrow">
        <p>{texts("connect.intro")}</p>
        <ol class="connect stack">
          <li>
            <h2>{texts("connect.register")}</h2>
            <Command text={`POST ${api}/api/depot/bots {"name": "Rusty"}`} />
            <p class="soft">{texts("connect.registerHow")}</p>
          </li>
          <li>
            <h2>{texts("connect.key")}</h2>
            <Command text="openssl req -new -newkey rsa:2048 -nodes -keyout robot.key -subj /CN=<id> -out robot.csr" />
          </li>
          <li>
            <h2>{texts("connect.certificate")}</h2>
            <Command text={`POST ${api}/api/fleet/robots/<id>/certificate {"csr": "…"}`} />
            <p class="soft">{texts("connect.certificateHow")}</p>
          </li>
          <li>
            <h2>{texts("connect.start")}</h2>
            <Command text="python -m clients.robot" />
            <p class="soft">{texts("connect.startHow")}</p>
          </li>
        </ol>
        <p>
          <a href="../docs/">{texts("connect.api")}</a> {texts("connect.apiHow")}
        </p>
        <p class="soft">{texts("connect.rest")}</p>
      </div>
    </>
  );
}

/** Something to type or to send, as it is: it may be wider than its place, so the keyboard can move it. */
function Command({ text }: { readonly text: string }) {
  return (
    <pre class="command">
      <code>{text}</code>
    </pre>
  );
}
