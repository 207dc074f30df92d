/** The command line that does what a button of the console does: the verbs are those of `mallbots`, all in this module. */

/** A word as a shell takes it: in quotes where it has anything but letters, digits and what no shell reads. */
export function quoted(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

const line = (...words: readonly string[]): string => ["mallbots", ...words.map(quoted)].join(" ");

/** A command of `mallbots` about a stage; where none is named, it is about the local mall. */
export const ofStage = (command: string, stage: string): string =>
  stage === "local" || !command.startsWith("mallbots ") ? command : `${command} --stage ${quoted(stage)}`;

/** What is sent back: the open letters of a group, as of when they were counted, or those of a forecast. */
export type Which =
  | { readonly group: string; readonly asOf: string }
  | { readonly forecast: string; readonly passing: boolean };

interface Redrive {
  readonly rate: number;
  readonly stopAt: number;
}

export const commands = {
  at: (time: string, stream: string): string => line("at", time, stream),
  history: (stream: string): string => line("history", stream),
  trace: (order: string): string => line("trace", order),
  /** Of the launcher, from the folder of the checkout. here: the arguments that name this mall. */
  fault: (verb: "BREAK" | "MEND", name: string, here: string): string => `make fault ${verb}=${name}${here}`,
  ofRobot: (
    act: "pause" | "resume" | "retry" | "skip" | "register" | "retire",
    name: string,
    ...action: readonly string[]
  ): string => line("robot", act, name, ...action),
  /** A shell in which `mallbots` is about the launcher's mall. here: the arguments that name it. */
  shell: (here: string): string => `make shell${here}`,
  /** Of a stage, from the folder of the checkout. */
  token: (role: "staff", stage: string): string => `make -s token ROLE=${role} STAGE=${quoted(stage)}`,
  /** A robot of a stage that is not local, whose key and certificate are apart from those of other malls. */
  robotOf: (stage: string): string =>
    `.venv/bin/python -m clients.robot run --count 1 --state ${quoted(`.robots-${stage}`)}`,
  runRobot: (): string => line("robot", "run", "--count", "1"),
  customer: (act: "enable" | "disable", id: string): string => line("customer", act, id),
  recheck: (order: string): string => line("money", "recheck", order),
  erase: (customer: string): string => line("erase", customer),
  robots: (): string => line("robot", "list"),
  doctor: (): string => line("doctor"),
  status: (): string => line("status"),
  groups: (state: string): string => line("dead", "groups", ...(state === "open" ? [] : ["--state", state])),
  letters: (group: string): string => line("dead", "list", "--group", group),
  show: (id: string): string => line("dead", "show", id),
  forecast: (group: string): string => line("dead", "forecast", "--group", group),
  redrive: (which: Which, { rate, stopAt }: Redrive): string =>
    line(
      "dead",
      "redrive",
      ...("group" in which ? ["--group", which.group] : ["--forecast", which.forecast]),
      ...("passing" in which && which.passing ? ["--passing"] : []),
      "--rate",
      String(rate),
      "--stop-at",
      String(stopAt),
    ),
  park: (letter: string, reason: string): string => line("dead", "park", letter, "--reason", reason),
  discard: (letter: string, reason: string): string => line("dead", "discard", letter, "--reason", reason),
  reopen: (letter: string): string => line("dead", "reopen", letter),
  note: (group: string, text: string): string => line("dead", "note", group, text),
  owner: (group: string, name: string): string => line("dead", "owner", group, name),
  resolve: (group: string): string => line("dead", "resolve", group),
  runs: (): string => line("runs"),
  run: (id: string): string => line("run", "show", id),
  ofRun: (act: "pause" | "resume" | "cancel" | "switch" | "abort", id: string): string => line("run", act, id),
  consumers: (): string => line("consumers"),
  pause: (consumer: string, reason: string): string => line("pause", consumer, "--reason", reason),
  resume: (consumer: string): string => line("resume", consumer),
  /** which: a status, or all. */
  sagas: (which: string): string => line("saga", "list", ...(which === "all" ? [] : ["--status", which])),
  saga: (order: string): string => line("saga", "show", order),
  resumeSaga: (order: string): string => line("saga", "resume", order),
  retrySaga: (order: string): string => line("saga", "retry", order),
  rebuild: (service: string, view: string): string => line("rebuild", service, view),
} as const;
