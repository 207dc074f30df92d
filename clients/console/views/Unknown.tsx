import { Empty } from "../../pages/design/states.tsx";
import { to } from "../route.ts";
import { texts } from "../texts/texts.ts";

export function Unknown() {
  return (
    <Empty>
      <p>{texts("unknown")}</p>
      <p>
        <a href={to("orders")}>{texts("place.orders")}</a>
      </p>
    </Empty>
  );
}
