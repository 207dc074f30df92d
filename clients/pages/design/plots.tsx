/** Plots of a few numbers as SVG, each with a table behind it that says the same. */

import { shared } from "../text/shared.ts";

export interface Point {
  readonly label: string;
  readonly value: number;
}

interface Props {
  readonly title: string;
  /** What the labels are, such as "Hour". */
  readonly labels: string;
  /** What the values are, such as "Orders". */
  readonly values: string;
  readonly points: readonly Point[];
  readonly show?: (value: number) => string;
}

const WIDE = 640;
const HIGH = 200;
const EDGE = { top: 12, bottom: 24, start: 8, end: 8 };
const MOST_LABELS = 8;

const plain = (value: number): string => String(value);

export function BarPlot(props: Props) {
  const { points, show = plain } = props;
  const highest = Math.max(1, ...points.map(({ value }) => value));
  const step = (WIDE - EDGE.start - EDGE.end) / Math.max(1, points.length);
  const width = Math.min(64, step * 0.7);
  return (
    <Figure {...props}>
      {points.map(({ label, value }, at) => {
        const high = (value / highest) * (HIGH - EDGE.top - EDGE.bottom);
        const middle = EDGE.start + step * (at + 0.5);
        const y = HIGH - EDGE.bottom - high;
        return (
          <g key={label}>
            <rect class="mark" x={middle - width / 2} y={y} width={width} height={high} rx={Math.min(4, high / 2)} />
            {points.length <= MOST_LABELS && (
              <text x={middle} y={y - 4} text-anchor="middle">
                {show(value)}
              </text>
            )}
          </g>
        );
      })}
      <Labels points={points} place={(at) => EDGE.start + step * (at + 0.5)} />
    </Figure>
  );
}

export function LinePlot(props: Props) {
  const { points, show = plain } = props;
  const highest = Math.max(1, ...points.map(({ value }) => value));
  const step = (WIDE - EDGE.start - EDGE.end) / Math.max(1, points.length - 1);
  const x = (at: number): number => EDGE.start + step * at;
  const y = (value: number): number => HIGH - EDGE.bottom - (value / highest) * (HIGH - EDGE.top - EDGE.bottom);
  return (
    <Figure {...props}>
      <polyline class="curve" points={points.map(({ value }, at) => `${x(at)},${y(value)}`).join(" ")} />
      {points.length === 1 && points[0] && <circle class="mark" cx={x(0)} cy={y(points[0].value)} r={4} />}
      <text x={EDGE.start} y={EDGE.top - 2}>
        {show(highest)}
      </text>
      <Labels points={points} place={x} />
    </Figure>
  );
}

function Labels({ points, place }: { readonly points: readonly Point[]; readonly place: (at: number) => number }) {
  const every = Math.max(1, Math.ceil(points.length / MOST_LABELS));
  return (
    <>
      {points.map(({ label }, at) => {
        if (at % every !== 0) return null;
        const anchor = at === 0 && every > 1 ? "start" : "middle";
        return (
          <text key={label} x={place(at)} y={HIGH - 6} text-anchor={anchor}>
            {label}
          </text>
        );
      })}
    </>
  );
}

function Figure({
  title,
  labels,
  values,
  points,
  show = plain,
  children,
}: Props & { children: preact.ComponentChildren }) {
  return (
    <figure class="plot">
      <figcaption aria-hidden="true">{title}</figcaption>
      <svg viewBox={`0 0 ${WIDE} ${HIGH}`} role="img" aria-label={title}>
        <line class="axis" x1={0} x2={WIDE} y1={HIGH - EDGE.bottom} y2={HIGH - EDGE.bottom} />
        {children}
      </svg>
      <details>
        <summary>{shared("data")}</summary>
        <table class="table">
          <caption class="for-readers">{title}</caption>
          <thead>
            <tr>
              <th scope="col">{labels}</th>
              <th scope="col" class="number">
                {values}
              </th>
            </tr>
          </thead>
          <tbody>
            {points.map(({ label, value }) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td class="number">{show(value)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
