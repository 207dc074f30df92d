/** The floor plan, and where on it robots are drawn: one place for those that would cover each other. */

import plan from "../../../events/floor/floor.json";
import type { Robot } from "./robots.ts";

export interface FloorNode {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly kind: string;
  readonly label: string;
}

export interface Floor {
  readonly nodes: readonly FloorNode[];
  readonly edges: readonly { readonly id: string; readonly from: string; readonly to: string }[];
}

/** The plan that fleet and robots have, too: part of the build, since it changes with a deployment alone. */
export const FLOOR: Floor = plan;

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** From the floor's metres to pixels: y grows upwards on the floor, downwards on a page. */
export interface Fit {
  readonly width: number;
  readonly height: number;
  /** Pixels of a metre. */
  readonly scale: number;
  readonly at: (point: Point) => Point;
}

/** Around the outermost nodes, in pixels: room for half a marker, and for names where there is room for those. */
const EDGE = { least: 20, most: 44, part: 0.06, along: 40 };

/** A plan as wide as its place. */
export function fit({ nodes }: Floor, width: number): Fit {
  const [left, right] = span(nodes.map(({ x }) => x));
  const [bottom, top] = span(nodes.map(({ y }) => y));
  const edge = Math.min(EDGE.most, Math.max(EDGE.least, width * EDGE.part));
  const scale = Math.max(1, width - 2 * edge) / Math.max(1e-9, right - left);
  return {
    width,
    scale,
    height: Math.round((top - bottom) * scale) + 2 * EDGE.along,
    at: ({ x, y }) => ({ x: edge + (x - left) * scale, y: EDGE.along + (top - y) * scale }),
  };
}

const span = (values: readonly number[]): [number, number] =>
  values.length === 0 ? [0, 0] : [Math.min(...values), Math.max(...values)];

/** The label of a node; an id that the plan does not have is shown as it is. */
export const labelOf = (floor: Floor, node: string): string => floor.nodes.find(({ id }) => id === node)?.label || node;

/** Where a robot is: where it says, else at its last node; null where it told neither, or a node of another plan. */
export function placeOf(floor: Floor, { report }: Robot): Point | null {
  if (!report) return null;
  if (typeof report.x === "number" && typeof report.y === "number") return { x: report.x, y: report.y };
  return floor.nodes.find(({ id }) => id === report.node) ?? null;
}

export interface Group {
  /** In pixels. */
  readonly x: number;
  readonly y: number;
  readonly robots: readonly Robot[];
  /** The last nodes of its robots. */
  readonly nodes: readonly string[];
}

/** In pixels: a marker's size, so that no two of them touch (and each can be pressed: WCAG 2.2, 2.5.8). */
export const APART = 28;

/** Robots by place, each of whom is within the plan. Those that are too near each other to be told apart are one group.
 *
 * A group is where its first robot is, at the node if one is that near; robots come in the order of their ids, so a
 * group stays where it is while they stay.
 */
export function groupsOf(floor: Floor, { at, width, height }: Fit, robots: readonly Robot[]): Group[] {
  const nodes = floor.nodes.map((node) => at(node));
  const groups: { at: Point; robots: Robot[] }[] = [];
  for (const robot of [...robots].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const place = placeOf(floor, robot);
    if (place === null) continue;
    const { x, y } = at(place);
    const inside = { x: within(x, width), y: within(y, height) };
    const own = nearest(inside, nodes, APART / 2) ?? inside;
    const anchors = groups.map((group) => group.at);
    const group = groups.find((one) => one.at === nearest(own, anchors, APART));
    if (group) group.robots.push(robot);
    else groups.push({ at: own, robots: [robot] });
  }
  return groups.map((group) => ({ ...group.at, robots: group.robots, nodes: lastNodes(group.robots) }));
}

/** A marker that is whole on the plan. */
const within = (value: number, most: number): number => Math.min(most - APART / 2, Math.max(APART / 2, value));

function nearest(point: Point, points: readonly Point[], within: number): Point | undefined {
  let best: Point | undefined;
  let least = within;
  for (const one of points) {
    const distance = Math.hypot(one.x - point.x, one.y - point.y);
    if (distance < least) [best, least] = [one, distance];
  }
  return best;
}

const lastNodes = (robots: readonly Robot[]): string[] =>
  [...new Set(robots.flatMap(({ report }) => (report?.node ? [report.node] : [])))].sort();
