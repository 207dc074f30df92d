/** Plots of a few numbers as SVG, each with a table behind it that says the same. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
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

/** In pixels: a plot is as wide as its place, so that its text has the size of all text. */
const USUAL = 640;
const HIGH = 200;
const EDGE = { top: 24, bottom: 24, start: 8, end: 8 };
const LABEL = 72;

const plain = (value: number): string => String(value);

export function BarPlot(props: Props) {
  const { points, show = plain } = props;
  const [place, wide] = useWidth();
  const highest = Math.max(1, ...points.map(({ value }) => value));
  const step = (wide - EDGE.start - EDGE.end) / Math.max(1, points.length);
  const width = Math.min(64, step * 0.7);
  return (
    <Figure {...props} place={place} wide={wide}>
      {points.map(({ label, value }, at) => {
        const high = (value / highest) * (HIGH - EDGE.top - EDGE.bottom);
        const middle = EDGE.start + step * (at + 0.5);
        const y = HIGH - EDGE.bottom - high;
        return (
          <g key={label}>
            <rect class="mark" x={middle - width / 2} y={y} width={width} height={high} rx={Math.min(2, high / 2)} />
            {step >= LABEL / 2 && (
              <text x={middle} y={y - 4} text-anchor="middle">
                {show(value)}
              </text>
            )}
          </g>
        );
      })}
      <Labels points={points} step={step} place={(at) => EDGE.start + step * (at + 0.5)} />
    </Figure>
  );
}

export function LinePlot(props: Props) {
  const { points, show = plain } = props;
  const [place, wide] = useWidth();
  const highest = Math.max(1, ...points.map(({ value }) => value));
  const step = (wide - EDGE.start - EDGE.end) / Math.max(1, points.length - 1);
  const x = (at: number): number => EDGE.start + step * at;
  const y = (value: number): number => HIGH - EDGE.bottom - (value / highest) * (HIGH - EDGE.top - EDGE.bottom);
  const peak = points.findIndex(({ value }) => value === highest);
  return (
    <Figure {...props} place={place} wide={wide}>
      <polyline class="curve" points={points.map(({ value }, at) => `${x(at)},${y(value)}`).join(" ")} />
      {points.length === 1 && points[0] && <circle class="mark" cx={x(0)} cy={y(points[0].value)} r={4} />}
      {peak >= 0 && (
        <text x={x(peak)} y={y(highest) - 8} text-anchor={anchorOf(peak, points.length)}>
          {show(highest)}
        </text>
      )}
      <Labels points={points} step={step} place={x} toEdge />
    </Figure>
  );
}

interface LabelsProps {
  readonly points: readonly Point[];
  readonly step: number;
  readonly place: (at: number) => number;
  /** Whether the first and the last are at the edges of the plot. */
  readonly toEdge?: boolean;
}

/** The first and the last do not reach beyond the plot. */
const anchorOf = (at: number, count: number): "start" | "middle" | "end" =>
  at === 0 ? "start" : at === count - 1 ? "end" : "middle";

/** As many labels as there is room for. */
function Labels({ points, step, place, toEdge = false }: LabelsProps) {
  const every = Math.max(1, Math.ceil(LABEL / step));
  return (
    <>
      {points.map(({ label }, at) => {
        if (at % every !== 0) return null;
        const anchor = toEdge || every > 1 ? anchorOf(at, points.length) : "middle";
        return (
          <text key={label} x={place(at)} y={HIGH - 6} text-anchor={anchor}>
            {label}
          </text>
        );
      })}
    </>
  );
}

/** An element, and how wide it is. */
export function useWidth(): [preact.RefObject<HTMLElement | null>, number] {
  const place = useRef<HTMLElement>(null);
  const [wide, setWide] = useState(USUAL);
  useLayoutEffect(() => {
    const element = place.current;
    if (!element || typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(() => setWide(element.clientWidth || USUAL));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [place, wide];
}

interface FigureProps extends Props {
  readonly place: preact.RefObject<HTMLElement | null>;
  readonly wide: number;
  readonly children: preact.ComponentChildren;
}

function Figure({ title, labels, values, points, show = plain, place, wide, children }: FigureProps) {
  return (
    <figure class="plot" ref={place}>
      <figcaption aria-hidden="true">{title}</figcaption>
      <svg viewBox={`0 0 ${wide} ${HIGH}`} role="img" aria-label={title}>
        <line class="axis" x1={0} x2={wide} y1={HIGH - EDGE.bottom} y2={HIGH - EDGE.bottom} />
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
