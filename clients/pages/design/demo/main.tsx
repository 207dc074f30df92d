/** Every component in every state on one page, to be looked at: `node clients/pages/build.mjs demo`. */

import "../design.css";
import { render } from "preact";
import { useState } from "preact/hooks";
import { ApiError } from "../../api/problem.ts";
import type { Status } from "../../live/reducer.ts";
import { choose, LANGUAGES, lasted, money, type Shown } from "../../text/text.ts";
import { Badge, LiveBadge } from "../Badge.tsx";
import { Button } from "../Button.tsx";
import { Dialog } from "../Dialog.tsx";
import { Field } from "../Field.tsx";
import { List } from "../List.tsx";
import { BarPlot, LinePlot } from "../plots.tsx";
import { Empty, Failed, Loading, Notice } from "../states.tsx";
import { Table } from "../Table.tsx";
import { Toasts, toast } from "../toasts.tsx";

const HOURS = Array.from({ length: 12 }, (_, at) => ({ label: `${at + 8}:00`, value: (at * 7 + 3) % 23 }));

const status = (state: Status["state"], since: number | null): Status => ({
  state,
  since,
  loading: [],
  refused: [],
  online: true,
  signIn: false,
});

const NOW = Date.now();

const ORDERS = [
  { id: "019aa1", store: "Paper Lantern Books", total: 18.9, state: "ready" },
  {
    id: "019aa2",
    store: "The Extraordinarily Long-Named Emporium of Small Brass Instruments",
    total: 1204.5,
    state: "approved",
  },
  { id: "019aa3", store: "Nut & Bolt", total: 0.5, state: "cancelled" },
];

function Page() {
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  return (
    <main class="page stack">
      <h1>Design</h1>
      <div class="row">
        {[...LANGUAGES, "pseudo"].map((language) => (
          <Button key={language} kind="quiet" onPress={() => choose(language as Shown, false)}>
            {language}
          </Button>
        ))}
      </div>
      <div class="row">
        <Button kind="primary">Take payment</Button>
        <Button>Check in</Button>
        <Button kind="danger" onPress={() => setOpen(true)}>
          Cancel the order
        </Button>
        <Button kind="quiet" onPress={() => toast("The list is checked in.")}>
          Say so
        </Button>
        <Button disabled>Not yet</Button>
      </div>
      <div class="row">
        <LiveBadge status={status("connecting", null)} now={Date.now} />
        <LiveBadge status={status("live", null)} now={Date.now} />
        <LiveBadge status={status("reconnecting", NOW)} now={Date.now} />
        <LiveBadge status={status("stale", NOW - 95_000)} now={Date.now} />
        <Badge kind="accent">approved</Badge>
        <Badge>{lasted(3_700_000)}</Badge>
      </div>
      <div class="row row-top">
        <div class="grow">
          <Field label="Name" value={name} onInput={setName} hint="As on the order" required />
        </div>
        <div class="grow">
          <Field label="Reason" value={name} onInput={setName} error="A reason is needed" rows={2} />
        </div>
        <div class="grow">
          <Field
            label="Store"
            value="2"
            onInput={setName}
            options={[
              { value: "1", label: "Paper Lantern Books" },
              { value: "2", label: "Nut & Bolt" },
            ]}
          />
        </div>
      </div>
      <Notice>Staff complete lists without a robot’s assignment.</Notice>
      <Notice kind="good">The invoice is paid.</Notice>
      <Notice kind="warn">What is shown is 95 s old.</Notice>
      <Notice kind="bad">Somebody else cancelled this order.</Notice>
      <Table
        caption="Orders"
        columns={[
          { name: "Order", cell: ({ id }) => <span class="mono">{id}</span> },
          { name: "Store", cell: ({ store }) => store },
          { name: "State", cell: ({ state }) => <Badge>{state}</Badge> },
          { name: "Total", cell: ({ total }) => money(total), number: true },
        ]}
        rows={ORDERS}
        idOf={({ id }) => id}
        changed={new Set(["019aa2"])}
      />
      <List
        label="Lists"
        items={ORDERS.map(({ id, store }) => ({
          id,
          href: `#${id}`,
          content: (
            <>
              <span class="grow">{store}</span>
              <Badge kind="accent">available</Badge>
            </>
          ),
        }))}
      />
      <div class="row">
        <div class="card grow">
          <Empty />
        </div>
        <div class="card grow">
          <Loading />
        </div>
        <div class="card grow">
          <Failed error={new ApiError("offline", "", 0)} again={() => undefined} />
        </div>
      </div>
      <div class="card">
        <BarPlot title="Orders by the hour" labels="Hour" values="Orders" points={HOURS} />
      </div>
      <div class="card">
        <LinePlot title="Sales" labels="Hour" values="Sales" points={HOURS} show={money} />
      </div>
      {open && (
        <Dialog title="Cancel the order?" onClose={() => setOpen(false)}>
          <p>Its goods go back to the stores, and what was paid is refunded.</p>
          <div class="row">
            <Button kind="danger" onPress={() => setOpen(false)}>
              Cancel the order
            </Button>
            <Button onPress={() => setOpen(false)}>Keep it</Button>
          </div>
        </Dialog>
      )}
      <Toasts />
    </main>
  );
}

const place = document.getElementById("page");
if (place) render(<Page />, place);
