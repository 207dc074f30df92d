import { Badge } from "../../pages/design/Badge.tsx";
import { dayAndTime, lasted } from "../../pages/text/text.ts";

interface Props {
  readonly since: string;
  readonly now: number;
  /** In minutes: from when on it is late. */
  readonly late?: number;
}

/** How long something has been so. */
export function Age({ since, now, late }: Props) {
  const milliseconds = Math.max(0, now - Date.parse(since));
  if (Number.isNaN(milliseconds)) return null;
  const text = (
    <time dateTime={since} title={dayAndTime(since)}>
      {lasted(milliseconds)}
    </time>
  );
  return late !== undefined && milliseconds >= late * 60_000 ? <Badge kind="warn">{text}</Badge> : text;
}
