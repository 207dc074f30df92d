import { Empty } from "../../pages/design/states.tsx";
import { to } from "../route.ts";
import { texts } from "../texts/texts.ts";

export function Unknown() {
  return (
    <Empty>
      <h1>{texts("unknown")}</h1>
      <p>
        <a href={to("orders")}>{texts("place.orders")}</a>
      </p>
    </Empty>
  );
}
