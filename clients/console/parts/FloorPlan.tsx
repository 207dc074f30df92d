/** The floor plan with robots on it. All that it shows is in a table or list beside it, too. */

import { useWidth } from "../../pages/design/plots.tsx";
import { number } from "../../pages/text/text.ts";
import { type Fit, FLOOR, type FloorNode, fit, type Group, groupsOf, labelOf } from "../logic/floor.ts";
import { markOf, markOfAll, needsAttention, type Robot } from "../logic/robots.ts";
import { to } from "../route.ts";
import { texts } from "../texts/texts.ts";

interface Props {
  readonly robots: readonly Robot[];
  /** Whether what is shown is no longer news. */
  readonly old: boolean;
}

/** In pixels: from where on there is room for the names of all places, and of robots that are alone at one. */
const ROOMY = 560;

export function FloorPlan({ robots, old }: Props) {
  const [place, width] = useWidth();
  const plan = fit(FLOOR, width);
  const groups = groupsOf(FLOOR, plan, robots);
  const shown = groups.reduce((sum, group) => sum + group.robots.length, 0);
  const roomy = width >= ROOMY;
  return (
    <figure class={old ? "floor floor-old" : "floor"} ref={place}>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is no drawing */}
      <svg
        viewBox={`0 0 ${plan.width} ${plan.height}`}
        height={plan.height}
        role="group"
        aria-label={texts("robots.planSays", { count: shown })}
      >
        <Ways plan={plan} />
        {FLOOR.nodes.map((node) => (
          <Place key={node.id} node={node} plan={plan} named={roomy} />
        ))}
        {groups.map((group) => (
          <Marker key={group.robots[0]?.id} group={group} named={roomy && isAlone(group, groups)} />
        ))}
      </svg>
    </figure>
  );
}

/** In pixels: as near as another marker may be to one that has its name above it. */
const NAME = 76;

const isAlone = (group: Group, groups: readonly Group[]): boolean =>
  groups.every((other) => other === group || Math.hypot(other.x - group.x, other.y - group.y) >= NAME);

function Ways({ plan }: { readonly plan: Fit }) {
  const at = new Map(FLOOR.nodes.map((node) => [node.id, plan.at(node)]));
  return (
    <g class="floor-ways">
      {FLOOR.edges.map(({ id, from, to }) => {
        const [a, b] = [at.get(from), at.get(to)];
        return a && b && <line key={id} x1={a.x} y1={a.y} x2={b.x} y2={b.y} />;
      })}
    </g>
  );
}

/** Half of how large a place is drawn at most, in pixels: no larger than leaves its neighbours apart. */
const LARGE: Readonly<Record<string, number>> = { depot: 20, parking: 14, store: 18 };

function Place({ node, plan, named }: { readonly node: FloorNode; readonly plan: Fit; readonly named: boolean }) {
  const large = LARGE[node.kind];
  if (large === undefined) return null;
  const half = Math.min(large, 1.2 * plan.scale);
  const { x, y } = plan.at(node);
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a drawing takes no focus, and markers say their places
    <g class={`floor-place floor-${node.kind}`} aria-hidden="true">
      <rect x={x - half} y={y - half} width={2 * half} height={2 * half} rx={6} />
      {named && node.kind === "parking" && (
        <text x={x} y={y + 4} text-anchor="middle">
          P
        </text>
      )}
      {named && node.kind !== "parking" && (
        <text x={x} y={y + half + 13} text-anchor="middle">
          {node.label}
        </text>
      )}
    </g>
  );
}

function Marker({ group, named }: { readonly group: Group; readonly named: boolean }) {
  const { x, y, robots, nodes } = group;
  const [first] = robots;
  if (!first) return null;
  const alone = robots.length === 1;
  const mark = alone ? markOf(first) : markOfAll(robots);
  const label = alone ? wordsOf(first) : wordsOfGroup(group);
  return (
    <a href={alone ? to("robots", first.id) : placeAddress(nodes)} aria-label={label} class={`marker marker-${mark}`}>
      <title>{label}</title>
      <circle cx={x} cy={y} r={13} />
      {alone ? (
        <Sign sign={signOf(first)} x={x} y={y} />
      ) : (
        <text x={x} y={y + 5} text-anchor="middle">
          {number(robots.length)}
        </text>
      )}
      {alone && named && (
        <text class="marker-name" x={x} y={y - 18} text-anchor="middle">
          {first.name.length > 12 ? `${first.name.slice(0, 11)}…` : first.name}
        </text>
      )}
    </a>
  );
}

/** Signs, so that a marker's colour is not all that tells what a robot does: paths around their middle. */
const SIGNS = {
  lost: "m-4-4l8 8m0-8l-8 8",
  bad: "m0-6v6m0 5v1",
  paused: "m-3-4v8m6-8v8",
  warn: "m0-6v6m0 5v1",
  driving: "m-3-5l8 5l-8 5z",
  working: "m-4-4h8v8h-8z",
  idle: "m-5 0l3.5 4l6-8",
  offline: "m-5 0h10",
} as const;

/** What is said first of what a robot does and reports. */
function signOf(robot: Robot): keyof typeof SIGNS {
  const { activity } = robot;
  const mark = markOf(robot);
  if (activity === "lost" || activity === "paused") return mark === "bad" && activity === "paused" ? "bad" : activity;
  if (mark === "bad" || mark === "warn") return mark;
  return activity === "rest" || activity === "unknown" ? "offline" : activity;
}

function Sign({ sign, x, y }: { readonly sign: keyof typeof SIGNS; readonly x: number; readonly y: number }) {
  const full = sign === "driving" || sign === "working";
  return <path class={full ? "sign sign-full" : "sign"} d={`M${x} ${y}${SIGNS[sign]}`} />;
}

const wordsOf = (robot: Robot): string =>
  [robot.name, texts(`activity.${robot.activity}`), robot.level && texts(`level.${robot.level}`), whereIs(robot)]
    .filter(Boolean)
    .join(", ");

function wordsOfGroup({ robots, nodes }: Group): string {
  const place = nodes.map((node) => labelOf(FLOOR, node)).join(", ");
  const bad = robots.filter(needsAttention).length;
  const words = texts("robots.group", { count: robots.length, place });
  return bad === 0 ? words : `${words}. ${texts("robots.groupBad", { count: bad })}`;
}

/** The address of the robots whose last place is one of these. */
export const placeAddress = (nodes: readonly string[]): string =>
  `${to("robots")}?${new URLSearchParams({ at: nodes.join(",") })}`;

/** The label of a robot's last place; "" where it told none. */
export const whereIs = ({ report }: Robot): string => (report?.node ? labelOf(FLOOR, report.node) : "");

const LEGEND = [
  ["bad", "bad", "mark.bad"],
  ["lost", "bad", "activity.lost"],
  ["warn", "warn", "mark.warn"],
  ["paused", "warn", "activity.paused"],
  ["driving", "accent", "activity.driving"],
  ["working", "accent", "activity.working"],
  ["idle", "good", "activity.idle"],
  ["offline", "plain", "activity.offline"],
] as const;

/** What the markers' colours and signs say. */
export function Legend() {
  return (
    <ul class="plain legend small">
      {LEGEND.map(([sign, mark, words]) => (
        <li key={sign} class="row row-tight">
          <svg class={`marker marker-${mark}`} width="20" height="20" viewBox="-15 -15 30 30" aria-hidden="true">
            <circle r="13" />
            <Sign sign={sign} x={0} y={0} />
          </svg>
          {texts(words)}
        </li>
      ))}
    </ul>
  );
}
