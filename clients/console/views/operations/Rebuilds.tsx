/** Begins to build a read model anew, and lists what was rebuilt and replayed. */

import { useState } from "preact/hooks";
import { Button } from "../../../pages/design/Button.tsx";
import { Field } from "../../../pages/design/Field.tsx";
import { lasted, number } from "../../../pages/text/text.ts";
import { useConsole } from "../../context.ts";
import { useLoad } from "../../load.ts";
import { commands } from "../../logic/commands.ts";
import { toldBy, VIEWS } from "../../logic/operations.ts";
import { Command } from "../../parts/Command.tsx";
import { SaveError } from "../../parts/SaveError.tsx";
import { useSave } from "../../parts/useSave.ts";
import { go } from "../../route.ts";
import { texts } from "../../texts/texts.ts";
import { RunsOf } from "./RunsOf.tsx";

const choices = (names: readonly string[]) => names.map((name) => ({ value: name, label: name }));

export function Rebuilds() {
  return (
    <div class="columns">
      <RunsOf kinds={["rebuild", "replay"]} none={texts("rebuild.none")} />
      <NewRebuild />
    </div>
  );
}

/** How many messages are brought, and for how long, before it begins. */
function Estimate({ service, view }: { readonly service: string; readonly view: string }) {
  const { api } = useConsole();
  const query = { service, view };
  const { data, error } = useLoad(`estimate ${service} ${view}`, (signal) =>
    api.get("GET /api/operations/estimates/rebuild", { query, signal }),
  );
  if (error) return <p class="soft">{texts("estimate.unknown")}</p>;
  if (!data) return <p class="soft">{texts("estimate.counting")}</p>;
  const services = data.sources.map((one) => one.service).join(", ") || "–";
  const told = { messages: number(data.messages), services, time: lasted(data.seconds * 1000) };
  return (
    <div aria-live="polite">
      <p>{texts(toldBy(data.precision), told)}</p>
      {data.gaps.length > 0 && <p class="soft">{texts("estimate.gaps", { services: data.gaps.join(", ") })}</p>}
    </div>
  );
}

function NewRebuild() {
  const { api } = useConsole();
  const [service, setService] = useState("search");
  const views = VIEWS[service] ?? [];
  const [chosen, setView] = useState("");
  const view = views.find((one) => one === chosen) ?? views[0] ?? "";
  const { error, save } = useSave(
    async () => {
      const body = { service, view };
      const { id } = await api.get("POST /api/operations/rebuilds", { body, intent: `rebuild ${service} ${view}` });
      go("operations", "runs", id);
    },
    () => undefined,
  );
  return (
    <form class="card stack" onSubmit={(event) => event.preventDefault()}>
      <h2>{texts("rebuild.new")}</h2>
      <p class="soft">{texts("rebuild.how")}</p>
      <Field
        label={texts("rebuild.service")}
        value={service}
        onInput={setService}
        options={choices(Object.keys(VIEWS))}
      />
      <Field label={texts("rebuild.view")} value={view} onInput={setView} options={choices(views)} />
      <Estimate service={service} view={view} />
      <SaveError error={error} />
      <div class="row">
        <Button kind="primary" type="submit" onPress={save}>
          {texts("rebuild.begin")}
        </Button>
      </div>
      <Command text={commands.rebuild(service, view)} />
    </form>
  );
}
