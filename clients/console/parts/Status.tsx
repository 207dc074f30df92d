import { Badge } from "../../pages/design/Badge.tsx";
import type { ListRow, OrderRow, RobotRow } from "../../pages/generated/frames.ts";
import { texts } from "../texts/texts.ts";

type Kind = "plain" | "good" | "warn" | "bad" | "accent";

const ORDERS: Readonly<Record<OrderRow["status"], Kind>> = {
  pending: "plain",
  approved: "accent",
  ready: "accent",
  completed: "good",
  rejected: "bad",
  cancelled: "bad",
};

export const OrderStatus = ({ status }: Pick<OrderRow, "status">) => (
  <Badge kind={ORDERS[status]}>{texts(`order.${status}`)}</Badge>
);

const LISTS: Readonly<Record<ListRow["status"], Kind>> = {
  pending: "plain",
  available: "warn",
  assigned: "accent",
  active: "accent",
  completed: "good",
  cancelled: "bad",
};

export const ListStatus = ({ status }: Pick<ListRow, "status">) => (
  <Badge kind={LISTS[status]}>{texts(`list.${status}`)}</Badge>
);

const ROBOTS: Readonly<Record<RobotRow["status"], Kind>> = {
  offline: "plain",
  idle: "good",
  active: "accent",
  retired: "plain",
};

/** A robot that is offline with a list is a problem; one that rests is not. */
export const RobotStatus = ({ status, listId }: Pick<RobotRow, "status" | "listId">) => (
  <Badge kind={status === "offline" && listId ? "bad" : ROBOTS[status]}>{texts(`robot.${status}`)}</Badge>
);
