/** The operations of the robots' gateway, until docs/openapi.json has them. */

import "../../pages/generated/api.ts";

interface FleetError {
  type: string;
  level: string;
  description: string;
  hint: string;
  references: { key: string; value: string }[];
}

interface FleetRobot {
  id: string;
  name: string;
  connection: "online" | "offline" | "broken";
  lastReportedAt: string | null;
  node: string | null;
  x: number | null;
  y: number | null;
  driving: boolean;
  paused: boolean;
  operatingMode: string | null;
  battery: number | null;
  order: { listId: string; assignment: number } | null;
  /** Ids of actions that failed, and wait until they are tried again or skipped. */
  retriable: string[];
  errors: FleetError[];
}

type Nothing = Record<string, unknown>;

declare module "../../pages/generated/api.ts" {
  interface Operations {
    "GET /api/fleet/robots": {
      query: { limit?: number; next?: string };
      body: undefined;
      answer: { next?: string; robots: FleetRobot[] };
    };
    "PUT /api/fleet/robots/{id}/pause": { query: undefined; body: Nothing; answer: Nothing };
    "PUT /api/fleet/robots/{id}/resume": { query: undefined; body: Nothing; answer: Nothing };
    "PUT /api/fleet/robots/{id}/actions/{actionId}/retry": { query: undefined; body: Nothing; answer: Nothing };
    "PUT /api/fleet/robots/{id}/actions/{actionId}/skip": { query: undefined; body: Nothing; answer: Nothing };
    "DELETE /api/depot/bots/{id}": { query: undefined; body: Nothing; answer: Nothing };
  }
}
