/** The console: the sign-in, or the frame with the view that the address names. */

import { useEffect } from "preact/hooks";
import { Failed, Loading } from "../pages/design/states.tsx";
import { Toasts } from "../pages/design/toasts.tsx";
import { StaffSignIn } from "../pages/sign_in/SignIn.tsx";
import { followVersions, lookForNewer } from "../pages/versions.ts";
import { type Context, Place } from "./context.ts";
import { useLoad } from "./load.ts";
import { Frame } from "./parts/Frame.tsx";
import { followAddress, route } from "./route.ts";
import { texts } from "./texts/texts.ts";
import { CancelOrder } from "./views/CancelOrder.tsx";
import { CheckIn } from "./views/CheckIn.tsx";
import { ConnectRobot } from "./views/ConnectRobot.tsx";
import { Customer } from "./views/Customer.tsx";
import { Customers } from "./views/Customers.tsx";
import { Depot } from "./views/Depot.tsx";
import { Figures } from "./views/Figures.tsx";
import { Order } from "./views/Order.tsx";
import { Orders } from "./views/Orders.tsx";
import { Payments } from "./views/Payments.tsx";
import { Problems } from "./views/Problems.tsx";
import { Robot } from "./views/Robot.tsx";
import { Robots } from "./views/Robots.tsx";
import { SearchOrders } from "./views/SearchOrders.tsx";
import { Store } from "./views/Store.tsx";
import { Stores } from "./views/Stores.tsx";
import { TakePayment } from "./views/TakePayment.tsx";
import { Unknown } from "./views/Unknown.tsx";

export function App(context: Context) {
  const { session, live, config } = context;
  const present = session.presence.value === "in";
  const { state } = live.status.value;
  useEffect(() => followAddress(), []);
  useEffect(() => followVersions(), []);
  useEffect(() => {
    if (present) live.start();
    else live.stop();
  }, [present, live]);
  // A deploy often ends connections: look when the page is back.
  useEffect(() => {
    if (state === "live") void lookForNewer();
  }, [state]);
  return (
    <Place.Provider value={context}>
      {present ? (
        <Frame>
          <View />
        </Frame>
      ) : (
        <StaffSignIn config={config} session={session} />
      )}
      <Toasts />
    </Place.Provider>
  );
}

/** What operators alone have is loaded when one of them goes there. */
function Operations({ parts }: { readonly parts: readonly string[] }) {
  const { data, error, again } = useLoad("operations", () => import("./views/operations/Operations.tsx"));
  if (data) return <data.Operations parts={parts} />;
  return error ? <Failed error={error} again={again} /> : <Loading />;
}

function View() {
  const { parts } = route.value;
  const [first = "orders", id, third, fourth = id] = parts;
  const title = texts("title");
  useEffect(() => {
    document.title = title;
  }, [title]);
  if (first === "orders" && id === undefined) return <Orders />;
  if (first === "orders" && id !== undefined) {
    if (third === undefined) return <Order key={id} id={id} />;
    if (third === "check-in" && fourth) return <CheckIn key={fourth} id={id} listId={fourth} />;
    if (third === "payment") return <TakePayment key={id} id={id} />;
    if (third === "cancel") return <CancelOrder key={id} id={id} />;
  }
  if (first === "customers") return id === undefined ? <Customers /> : <Customer key={id} id={id} />;
  if (first === "robots") {
    if (id === "connect") return <ConnectRobot />;
    return id === undefined ? <Robots /> : <Robot key={id} id={id} />;
  }
  if (first === "stores") return id === undefined ? <Stores /> : <Store key={id} id={id} />;
  if (first === "operations") return <Operations parts={parts.slice(1)} />;
  const Found = { depot: Depot, payments: Payments, problems: Problems, figures: Figures, search: SearchOrders }[first];
  return Found && id === undefined ? <Found /> : <Unknown />;
}
