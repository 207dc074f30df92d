import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../../pages/api/problem.ts";
import { Button } from "../../pages/design/Button.tsx";
import { shortId } from "../../pages/text/ids.ts";
import { clockTime, money } from "../../pages/text/text.ts";
import { fail, type Kiosk, nameOf, reachable, tell } from "../kiosk.ts";
import { charge } from "../logic/charge.ts";
import { type Order as Content, follow, type Reached, type Step, stepsOf } from "../logic/follow.ts";
import { awaited } from "../logic/network.ts";
import { spelt } from "../logic/speech.ts";
import { still, visit } from "../logic/visit.ts";
import { t, wrong } from "../texts.ts";
import { Said, Screen } from "./Screen.tsx";

interface Props {
  readonly kiosk: Kiosk;
  readonly onFinish: () => void;
}

/** The order's number, and how it goes on while the customer stands here. */
export function Order({ kiosk, onFinish }: Props) {
  const { orderId } = visit.value.progress;
  const [order, setOrder] = useState<Content | null>(null);
  const [heard, setHeard] = useState<number | null>(null);
  const [answered, setAnswered] = useState(true);
  const [ended, setEnded] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    let before = "";
    const changed = (next: Content): void => {
      setOrder(next);
      const news = newsOf(next);
      if (before !== news) tell(t("order.news", { news }));
      before = news;
    };
    const note = (good: boolean): void => {
      setAnswered(good);
      if (good) setHeard(Date.now());
    };
    void follow(kiosk.mine, orderId, { changed, heard: note, ended: () => setEnded(true) }, stop.signal);
    return () => stop.abort();
  }, [kiosk, orderId]);
  const number = shortId(orderId);
  const over = order?.status === "rejected" || order?.status === "cancelled";
  return (
    <Screen title={<Spelt number={number} />} intro={t("order.intro")}>
      {over ? (
        <Said class="notice notice-warn">{t(`order.${order.status as "rejected"}`)}</Said>
      ) : (
        <Steps order={order} />
      )}
      {ended && <Said class="notice notice-warn">{t("order.ended")}</Said>}
      {!answered && heard !== null && (
        <Said class="notice notice-warn">{t("order.asOf", { time: clockTime(heard) })}</Said>
      )}
      <div class="actions">
        {order && !over && !ended && !order.paid && order.status !== "pending" && (
          <Charge kiosk={kiosk} order={order} onChange={setOrder} />
        )}
        <Button kind="primary" onPress={onFinish}>
          {t("order.finish")}
        </Button>
      </div>
    </Screen>
  );
}

function Spelt({ number }: { readonly number: string }) {
  const [before = "", after = ""] = t("order.title", { number: "\n" }).split("\n");
  return (
    <>
      {before}
      <span class="order-number mono" data-say={spelt(number)}>
        {number}
      </span>
      {after}
    </>
  );
}

const UNTIL = {
  placed: "order.checking",
  accepted: "order.checking",
  ready: "order.onItsWay",
  paid: "order.unpaid",
  completed: "order.notComplete",
} as const;

const said = (step: Step, reached: Reached): string => {
  return t(reached === "done" ? `order.${step}` : UNTIL[step]);
};

/** The latest thing that happened to an order. */
function newsOf(order: Content): string {
  if (order.status === "rejected" || order.status === "cancelled") return t(`order.${order.status}`);
  const done = stepsOf(order).filter(([, reached]) => reached === "done");
  return done.length === 1 ? t("order.checking") : done.map(([step]) => said(step, "done")).join(". ");
}

function Steps({ order }: { readonly order: Content | null }) {
  return (
    <ol class="plain steps" aria-label={t("order.steps")}>
      {stepsOf(order).map(([step, reached]) => (
        <li key={step} class={`step step-${reached}`} aria-current={reached === "now" ? "step" : undefined}>
          <span class="step-mark" aria-hidden="true">
            {reached === "done" ? "✓" : reached === "now" ? "●" : "○"}
          </span>
          <p tabIndex={-1} data-stop>
            {said(step, reached)} <span class="for-readers">({t(`order.${reached}`)})</span>
          </p>
        </li>
      ))}
    </ol>
  );
}

interface ChargeProps {
  readonly kiosk: Kiosk;
  readonly order: Content;
  readonly onChange: (order: Content) => void;
}

function Charge({ kiosk, order, onChange }: ChargeProps) {
  const [done, setDone] = useState(false);
  const pay = async (): Promise<void> => {
    const { id } = visit.value;
    if (!(await awaited(() => reachable(kiosk)))) return fail(t("pay.lost"));
    tell(t("order.charging"));
    try {
      const charged = await awaited(() => charge(kiosk.mine, order.id, `${id} charge ${order.id}`));
      if (!still(id)) return;
      if (charged === "soon") return fail(t("order.soon"));
      if (charged !== "charged") {
        onChange(charged);
        return tell(t("order.news", { news: newsOf(charged) }));
      }
      setDone(true);
      tell(t("order.paid"));
    } catch (error) {
      if (!still(id)) return;
      const over = error instanceof ApiError && error.kind === "unauthenticated";
      fail(over ? t("order.ended") : wrong(error, "any", nameOf));
    }
  };
  return (
    <Button disabled={done} onPress={pay}>
      {done ? t("order.paid") : t("order.pay", { total: money(order.total) })}
    </Button>
  );
}
