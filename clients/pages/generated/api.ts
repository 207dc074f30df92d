// Generated from docs/openapi.json by `make docs`: change that, not this.

/**
 * What became of the letters with one answer, `not forecast` for those that had none. open: without an outcome.
 */
export interface AnswerBesideOutcomes {
  answer: string;
  done: number;
  failing: number;
  dead: number;
  open: number;
}
export interface Assignment {
  botId: string;
}
export interface AuditAnswer {
  next?: string;
  entries: AuditEntry[];
}
/**
 * Who asked for what. outcome: `asked` before it was done, then the status of the answer.
 *
 * through: the page that asked by its origin, another program as it calls itself. reason: as it was given.
 */
export interface AuditEntry {
  time: string;
  id: string;
  actor: string;
  service: string;
  action: string;
  path: string;
  reason: string;
  through: string;
  correlationId: string;
  outcome: string;
}
/**
 * A command that has no answer: which try it is, from 1, and when that times out.
 */
export interface AwaitedView {
  command: string;
  attempt: number;
  due: string;
}
export interface BasketAnswer {
  basket: BasketContent;
}
export interface BasketContent {
  id: string;
  customerId: string;
  status: "open" | "cancelled" | "checked_out" | "abandoned";
  items: BasketsItem[];
  total: number;
}
export interface BasketsItem {
  storeId: string;
  storeName: string;
  productId: string;
  productName: string;
  productPrice: number;
  quantity: number;
}
export interface Begun {
  id: string;
}
export interface BotContent {
  id: string;
  name: string;
  status: "offline" | "idle" | "active";
}
export interface BotPage {
  next?: string;
  bots: BotContent[];
}
export interface Cancellation {
  reason?: string;
}
/**
 * What a robot needs to connect: certificates in PEM, the broker's `host:port`, and its topics.
 */
export interface CertificateAnswer {
  certificate: string;
  ca: string;
  endpoint: string;
  topics: TopicNames;
}
/**
 * The topics of one robot, which it may use and no other.
 */
export interface TopicNames {
  order: string;
  instantActions: string;
  state: string;
  connection: string;
  factsheet: string;
  visualization: string;
}
/**
 * A value that differs; null where it was not there.
 */
export interface ChangeShape {
  path: string;
  old: unknown;
  new: unknown;
}
export interface Checkout {
  paymentId: string;
}
export interface ChosenLanguage {
  language: "en" | "es";
}
/**
 * A commit. last: the version of its last event. cause: the id of what it was made for.
 */
export interface CommitShape {
  version: number;
  last: number;
  time: string;
  actor: string;
  cause: string | null;
  correlation: string;
  events: EventShape[];
  messages: OperationsMessageShape[];
}
/**
 * An event as it is stored, by the version of its shape; what is personal is not shown.
 */
export interface EventShape {
  name: string;
  version: number;
  data: {
    [k: string]: unknown;
  };
}
/**
 * A message that is published from a commit.
 */
export interface OperationsMessageShape {
  name: string;
  id: string;
}
/**
 * The commits of a stream, oldest first.
 */
export interface CommitsAnswer {
  next?: string;
  commits: CommitShape[];
}
/**
 * A message of a commit; `data` is its own, verbatim.
 */
export interface CommittedShape {
  id: string;
  name: string;
  time: string;
  source: string;
  stream: string;
  correlationId: string;
  causationId: string | null;
  actor: string;
  data: {
    [k: string]: unknown;
  };
}
/**
 * Messages, oldest first. gaps: the services that did not answer, whose messages are missing.
 */
export interface CommittedTimeline {
  next?: string;
  messages: CommittedShape[];
  gaps: string[];
}
/**
 * Of the generation that is read and of the one that was built, in this order: rows, and a hash of them all.
 *
 * different: how many rows differ. Left out are those that expired, and those that depend on the order of messages.
 */
export interface ComparisonShape {
  rows: number[];
  hashes: string[];
  different: number;
  samples: RowShape[];
}
/**
 * A row that differs, as it is read and as it was built: the beginning of each as JSON, null if it lacks.
 */
export interface RowShape {
  partition: string;
  sort: string;
  live: string | null;
  built: string | null;
}
/**
 * The shortages, if they are counted, and a robot's assignment; staff complete without.
 */
export interface Completion {
  shortages?: MissingItem[];
  assignment?: number;
}
export interface MissingItem {
  storeId: string;
  productId: string;
  quantity: number;
}
/**
 * A consumer. state: `running`, `pausing`, `paused` or `resuming`. by, reason, since: who changed it last, and why.
 *
 * waiting: null where SQS does not answer now. arrivesPerHour, drainsPerHour: by what was seen in the last
 * minutes; null where that is not known. drainedInSeconds: how long the backlog takes at that pace. lostFrom: when SQS
 * drops the first message at the earliest, 14 days after it was sent; also of one that was resumed, until what waited
 * is drained.
 */
export interface ConsumerShape {
  name: string;
  state: string;
  by: string | null;
  reason: string | null;
  since: string | null;
  waiting: Waiting | null;
  arrivesPerHour: number | null;
  drainsPerHour: number | null;
  drainedInSeconds: number | null;
  lostFrom: string | null;
}
/**
 * About how many messages a queue has: to be received, received but not deleted yet, and delayed.
 */
export interface Waiting {
  visible: number;
  inFlight: number;
  delayed: number;
}
export interface Consumers {
  consumers: ConsumerShape[];
}
/**
 * How many messages of a service would be brought.
 */
export interface CountShape {
  service: string;
  messages: number;
}
/**
 * How many letters of a group there are, by state.
 */
export interface Counts {
  open: number;
  redriving: number;
  parked: number;
  done: number;
  discarded: number;
}
export interface Created {
  id: string;
}
export interface CustomerAnswer {
  customer: CustomerShape;
}
export interface CustomerShape {
  id: string;
  name: string;
  smsNumber: string;
  enabled: boolean;
  language: "en" | "es";
}
/**
 * Differences by status, and of one status the oldest first.
 */
export interface DifferenceList {
  next?: string;
  differences: DifferenceShape[];
}
/**
 * An order whose money differs from what it should be (open), or did until it was compared again (cleared).
 */
export interface DifferenceShape {
  orderId: string;
  paymentId: string;
  status: "open" | "cleared";
  reasons: PaymentsReasonShape[];
  since: string;
}
/**
 * One difference: the amount that was expected and the one that was found.
 */
export interface PaymentsReasonShape {
  kind:
    | "order_not_heard"
    | "order_not_paid"
    | "invoice_missing"
    | "invoice_amount"
    | "invoice_not_paid"
    | "invoice_not_cancelled"
    | "payment_missing"
    | "payment_elsewhere"
    | "payment_voided"
    | "payment_not_voided"
    | "payment_released"
    | "payment_balance"
    | "provider_held"
    | "provider_captured"
    | "provider_statement";
  expected: number;
  found: number;
}
/**
 * A way between two neighbours, which robots drive in both directions.
 */
export interface EdgeContent {
  id: string;
  from: string;
  to: string;
}
/**
 * The letter of the edited message, which is open, and the message's id.
 */
export interface Edited {
  letter: string;
  messageId: string;
}
/**
 * A message that was published about the order of a letter.
 */
export interface EntryShape {
  id: string;
  name: string;
  time: string;
  source: string;
  stream: string;
  causationId: string | null;
}
/**
 * About what would be brought. commits: that are read for it; seconds: that it takes, with no other run beside it.
 *
 * precision: `exact`, `about`, or `at least`. gaps: services that did not answer, whose messages are not counted.
 * notRecoverable: what was asked for and no commit holds.
 */
export interface EstimateAnswer {
  messages: number;
  precision: string;
  commits: number;
  rate: number;
  seconds: number;
  sources: CountShape[];
  gaps: string[];
  notRecoverable: string[];
}
export interface FilledBasket {
  customerId: string;
  items: BasketsWantedItem[];
}
export interface BasketsWantedItem {
  productId: string;
  quantity: number;
}
export interface FloorAnswer {
  nodes: NodeContent[];
  edges: EdgeContent[];
}
/**
 * A place on the floor plan, in metres.
 */
export interface NodeContent {
  id: string;
  x: number;
  y: number;
  kind: "depot" | "parking" | "junction" | "store";
  label: string;
}
export interface ForecastAnswer {
  forecast: ForecastShape;
}
/**
 * A forecast of a set of letters. answered: how many have an answer so far. samples: up to three of each answer.
 *
 * codes: the versions of the code that answered, each with its service.
 */
export interface ForecastShape {
  id: string;
  state: string;
  why: string;
  by: string;
  created: string;
  ended: string;
  total: number;
  answered: number;
  counts: ForecastCounts;
  reasons: OperationsReasonShape[];
  samples: ForecastedLetter[];
  codes: string[];
}
/**
 * How many letters have each answer.
 */
export interface ForecastCounts {
  passes: number;
  refused: number;
  waits: number;
  fails: number;
  cannotTell: number;
}
/**
 * An answer with its reason, without ids and numbers, and how many letters have it.
 */
export interface OperationsReasonShape {
  reason: string;
  letters: number;
}
/**
 * What would become of a letter.
 *
 * why: the answer in words. until: when what waits for a time is due. retry: whether a retry may help what fails.
 * reply: what a refused command would be answered with. writes, sends, asks: what it would write (20 commits at most),
 * send, and ask of ports.
 */
export interface ForecastedLetter {
  letter: string;
  answer: "passes" | "refused" | "waits" | "fails" | "cannot tell";
  why: string;
  until: string | null;
  retry: boolean;
  reply: string;
  writes: ForecastedCommit[];
  sends: Times[];
  asks: Times[];
}
/**
 * What would be written to a stream at once.
 */
export interface ForecastedCommit {
  stream: string;
  events: string[];
}
/**
 * A message that would be sent, or a call of a port, and how often.
 */
export interface Times {
  name: string;
  times: number;
}
/**
 * Empty for a redrive that followed no forecast.
 */
export interface ForecastBesideOutcomes {
  answers: AnswerBesideOutcomes[];
}
/**
 * The id of the forecast, which is a run. One that is small is done already.
 */
export interface ForecastStarted {
  id: string;
}
export interface ForecastedLetters {
  next?: string;
  answers: ForecastedLetter[];
}
/**
 * id: the customer's.
 */
export interface Found {
  id: string;
}
export interface FunnelAnswer {
  basketsStarted: number;
  checkedOut: number;
  approved: number;
  ready: number;
  paid: number;
  completed: number;
  rejected: number;
  cancelled: number;
  abandoned: number;
}
export interface GroupAnswer {
  group: GroupShape;
}
/**
 * Letters of one consumer, message and error, with reasons that differ by ids, numbers and values.
 *
 * sample: the id of the latest letter. code: the version of the code that gave the first one up; latestCode the last.
 * cameBack: when a letter came after the group was resolved. countedAt: the moment as of which the counts are.
 */
export interface GroupShape {
  id: string;
  state: "open" | "resolved";
  consumer: string;
  message: string;
  error: string;
  reason: string;
  sample: string;
  firstSeen: string;
  lastSeen: string;
  code: string;
  latestCode: string;
  cameBack: string | null;
  note: string;
  owner: string;
  counts: Counts;
  countedAt: string;
}
export interface Groups {
  next?: string;
  groups: GroupShape[];
}
/**
 * What became of a letter: when, by whom, what, and its detail.
 */
export interface HappeningShape {
  time: string;
  actor: string;
  what: string;
  detail: string;
}
/**
 * The status of the gateway, the version of the system, and that of the code which the gateway runs.
 */
export interface Health {
  status: string;
  version: string;
  code: string;
}
export interface HeldAnswer {
  next?: string;
  held: HeldThing[];
}
/**
 * A thing that is held of a customer; its data has the names of the routes that show such things.
 */
export interface HeldThing {
  id: string;
  kind: "profile" | "change" | "code" | "order" | "basket" | "payment" | "text";
  data: {
    [k: string]: unknown;
  };
}
export interface HourSales {
  hour: string;
  orders: number;
  revenue: number;
}
export interface InvoiceAnswer {
  invoice: InvoiceShape;
}
/**
 * An invoice; `amount` is what is owed.
 */
export interface InvoiceShape {
  id: string;
  orderId: string;
  paymentId: string;
  amount: number;
  status: "pending" | "paid" | "cancelled";
}
/**
 * A letter, and what was published around its failure: about its order, or without one of its flow.
 *
 * timeline: null where no owner of the order's streams answers now, or insights for a flow without an order.
 */
export interface LetterAnswer {
  letter: WholeLetter;
  timeline: EntryShape[] | null;
}
/**
 * A letter with its body, as its inbox would receive it, and with what became of it.
 */
export interface WholeLetter {
  id: string;
  state: "open" | "redriving" | "parked" | "done" | "discarded";
  consumer: string;
  queue: string;
  message: string;
  version: number;
  messageId: string;
  stream: string;
  order: string;
  correlationId: string;
  causationId: string;
  reason: string;
  error: string;
  tries: number;
  code: string;
  group: string;
  repetitions: number;
  redrives: number;
  sentAs: string;
  firstReceived: string;
  failedAt: string;
  storedAt: string;
  openSince: string;
  body: string;
  fifoGroup: string;
  history: HappeningShape[];
}
/**
 * A letter of a run, and what has become of it there.
 */
export interface LetterOfRun {
  id: string;
  state: string;
}
/**
 * A message that a consumer gave up. What its body does not say, because it cannot be read, is empty or 0.
 */
export interface LetterShape {
  id: string;
  state: "open" | "redriving" | "parked" | "done" | "discarded";
  consumer: string;
  queue: string;
  message: string;
  version: number;
  messageId: string;
  stream: string;
  order: string;
  correlationId: string;
  causationId: string;
  reason: string;
  error: string;
  tries: number;
  code: string;
  group: string;
  repetitions: number;
  redrives: number;
  sentAs: string;
  firstReceived: string;
  failedAt: string;
  storedAt: string;
  openSince: string;
}
/**
 * asOf: the moment as of which they are listed, on all pages: a redrive of this group or filter that names it sends
 * none that was stored later.
 */
export interface Letters {
  next?: string;
  letters: LetterShape[];
  asOf: string;
}
export interface LettersOfRun {
  next?: string;
  letters: LetterOfRun[];
}
export interface ListAnswer {
  list: ListContent;
}
export interface ListContent {
  id: string;
  orderId: string;
  status: "pending" | "available" | "assigned" | "active" | "completed" | "cancelled";
  botId: string | null;
  assignment: number;
  stops: Stop[];
}
export interface Stop {
  storeId: string;
  storeName: string;
  location: string;
  items: DepotItem[];
}
export interface DepotItem {
  productId: string;
  name: string;
  quantity: number;
  picked: number;
}
export interface ListPage {
  next?: string;
  lists: ListContent[];
}
export interface MoreItems {
  items: BasketsWantedItem[];
}
export interface NewBasket {
  customerId: string;
}
export interface NewBot {
  name: string;
}
export interface NewCustomer {
  name: string;
  smsNumber: string;
  language?: "en" | "es";
}
/**
 * The data of a message in the place of a letter's, as its newest version has them (docs/messages.md).
 */
export interface NewData {
  data: {
    [k: string]: unknown;
  };
}
/**
 * The letters of a forecast: these, or the open ones of a group or a filter.
 *
 * to: the consumer that would take them instead of their own. data: what would be sent instead of the data of the one
 * letter that is named.
 */
export interface NewForecast {
  letters: string[];
  group?: string;
  filter?: OpenLetters;
  to?: string;
  data?: {
    [k: string]: unknown;
  };
}
/**
 * Which open letters are wanted; what is empty does not matter.
 */
export interface OpenLetters {
  service?: string;
  message?: string;
  reason?: string;
  order?: string;
  since?: string;
  until?: string;
}
export interface NewList {
  orderId: string;
  items: DepotWantedItem[];
}
/**
 * An item to collect; names may be left out, the catalogue's are taken.
 */
export interface DepotWantedItem {
  storeId: string;
  productId: string;
  quantity: number;
  storeName?: string;
  productName?: string;
}
export interface NewOrder {
  customerId: string;
  paymentId: string;
  items: OrderingWantedItem[];
}
/**
 * An item as staff order it; price and names may be left out, the catalogue's are taken.
 */
export interface OrderingWantedItem {
  storeId: string;
  productId: string;
  quantity: number;
  price?: number;
  storeName?: string;
  productName?: string;
}
export interface NewPayment {
  customerId: string;
  amount: number;
}
export interface NewProduct {
  name: string;
  description?: string;
  sku?: string;
  price?: number;
}
/**
 * Which read model of which service is to be built anew.
 */
export interface NewRebuild {
  service: string;
  view: string;
  /**
   * Messages a second, at most 500; 50 where it is left out.
   */
  rate?: number;
}
/**
 * What to send back: letters, a group, a filter, or the letters of a forecast (only those that pass, if so said).
 *
 * asOf: the moment that a list of letters, or a group, named: of that group or filter none is sent that was stored
 * after it; where it is left out, after the request. to: the consumer that takes the letters of one that was renamed.
 * rate: letters a second. stopAt: the share of failures, in percent, at which it stops by itself. cap: how often one
 * letter may be sent back.
 */
export interface NewRedrive {
  letters: string[];
  group?: string;
  filter?: OpenLetters;
  asOf?: string;
  forecast?: string;
  passing?: boolean;
  to?: string;
  rate?: number;
  stopAt?: number;
  cap?: number;
}
/**
 * What history is to be brought to the read models of one service.
 *
 * to: the service, which must be named. from: whose history; without it, that of all services whose messages it knows.
 * stream: one of that service (`Order#<id>`). cursor: where its table is to be read from. names: commands and replies
 * to be brought beside events. view: to this read model alone.
 */
export interface NewReplay {
  to: string;
  from?: string;
  stream?: string;
  since?: string;
  until?: string;
  names?: string[];
  cursor?: string;
  view?: string;
  /**
   * Messages a second, at most 500; 50 where it is left out.
   */
  rate?: number;
}
export interface NewStore {
  name: string;
  location: string;
}
export interface Note {
  text: string;
}
export interface NotificationShape {
  id: string;
  orderId: string;
  kind: "received" | "approved" | "ready_for_pickup" | "cancelled" | "rejected" | "completed";
  status: "sent";
  sentAt: string;
}
export interface NotificationsAnswer {
  next?: string;
  notifications: NotificationShape[];
}
/**
 * One saga.
 */
export interface OneSaga {
  saga: WholeSaga;
}
/**
 * Where a saga stands, and what it waits for, until it has ended.
 */
export interface WholeSaga {
  orderId: string;
  status: "running" | "parked" | "completed" | "compensated" | "stopped";
  step: number;
  compensating: boolean;
  since: string;
  reason: string;
  awaited: AwaitedView[];
}
export interface OpenedSession {
  token: string;
  expiresAt: string;
  customerId: string;
}
export interface OrdersAnswer {
  next?: string;
  orders: SearchOrderContent[];
}
/**
 * An order; `customerName` is absent where it is not to be had, as that of an erased customer.
 */
export interface SearchOrderContent {
  orderId: string;
  customerId: string;
  customerName?: string;
  paymentId: string;
  items: SearchItem[];
  total: number;
  status: "pending" | "approved" | "ready" | "completed" | "rejected" | "cancelled";
  ready: boolean;
  paid: boolean;
  createdAt: string;
}
export interface SearchItem {
  storeId: string;
  storeName: string;
  productId: string;
  productName: string;
  price: number;
  quantity: number;
}
export interface Owner {
  name: string;
}
export interface PaymentAnswer {
  payment: PaymentShape;
}
/**
 * A payment; `amount` is what was authorized. notMade: what was asked of the provider, and it has not done yet.
 */
export interface PaymentShape {
  id: string;
  customerId: string;
  orderId: string | null;
  amount: number;
  status: "authorized" | "confirmed" | "settled" | "voided" | "refunded";
  notMade: ("void" | "refund")[];
}
/**
 * The quantity of a product that is picked in all.
 */
export interface Pick {
  assignment: number;
  storeId: string;
  productId: string;
  quantity: number;
}
export interface PickedItem {
  storeId: string;
  productId: string;
  quantity: number;
}
/**
 * The quantities of several products that are picked in all, each named once.
 */
export interface Picks {
  assignment: number;
  items: PickedItem[];
}
export interface Price {
  price: number;
}
export interface ProductAnswer {
  product: ProductShape;
}
export interface ProductShape {
  id: string;
  storeId: string;
  name: string;
  description: string;
  sku: string;
  price: number;
}
export interface ProductLabel {
  name: string;
  description?: string;
}
export interface ProductSales {
  productId: string;
  productName: string;
  orders: number;
  items: number;
  revenue: number;
}
export interface ProductsAnswer {
  next?: string;
  products: ProductShape[];
}
export interface Reason {
  reason: string;
}
export interface RebuildAnswer {
  rebuild: RebuildShape;
}
/**
 * How far a rebuild is. generation: of what is built. mayBeSwitched: whether it waits for that. deleted: rows.
 */
export interface RebuildShape {
  id: string;
  state: string;
  step: string;
  why: string;
  by: string;
  to: string;
  view: string;
  created: string;
  ended: string;
  rate: number;
  messages: number;
  failed: number;
  percent: number | null;
  secondsLeft: number | null;
  cursor: string | null;
  wrong: string;
  sources: SourceShape[];
  notRecoverable: string[];
  generation: number | null;
  mayBeSwitched: boolean;
  waitUntil: string;
  compared: ComparisonShape;
  deleted: number;
}
/**
 * A service whose history is brought, and which messages of it.
 */
export interface SourceShape {
  service: string;
  messages: string[];
}
/**
 * The orders that ended on this day, as in 2030-01-31, are compared; yesterday when left out.
 */
export interface ReconciledDay {
  day?: string;
}
export interface Reference {
  key: string;
  value: string;
}
export interface RegisteredBot {
  id: string;
  token: string;
}
export interface RenewedToken {
  token: string;
  expiresAt: string;
}
export interface ReplayAnswer {
  replay: ReplayShape;
}
/**
 * How far a replay is.
 *
 * messages: those that were brought; failed: those of them that are letters now. percent: about what part of the
 * history that is, null before it is known; secondsLeft: about how long the rest takes. cursor: where the next page
 * begins. wrong: why the last try failed, which is made again. notRecoverable: what was asked for and no commit holds.
 */
export interface ReplayShape {
  id: string;
  state: string;
  step: string;
  why: string;
  by: string;
  to: string;
  view: string;
  created: string;
  ended: string;
  rate: number;
  messages: number;
  failed: number;
  percent: number | null;
  secondsLeft: number | null;
  cursor: string | null;
  wrong: string;
  sources: SourceShape[];
  notRecoverable: string[];
}
export interface RobotAnswer {
  robot: RobotContent;
}
/**
 * What a robot reported last; what it has not reported yet is null. `battery` in percent, `x` and `y` in metres.
 *
 * `retriable`: the ids of actions that failed, and wait until they are tried again or skipped.
 */
export interface RobotContent {
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
  order: FleetOrderContent | null;
  retriable: string[];
  errors: RobotError[];
}
/**
 * The list that a robot works on, and the number of the assignment.
 */
export interface FleetOrderContent {
  listId: string;
  assignment: number;
}
/**
 * An error that a robot reports: what happened and what helps, in the robot's words, and what it is about.
 */
export interface RobotError {
  type: string;
  level: string;
  description: string;
  hint: string;
  references: Reference[];
}
export interface RobotPage {
  next?: string;
  robots: RobotContent[];
}
/**
 * A run, and how far it is. skipped: how many letters were not sent, by the reason.
 *
 * secondsLeft: about how long it sends for; null where it does not go on by itself.
 */
export interface RunAnswer {
  run: RunShape;
  asked: {
    [k: string]: unknown;
  };
  step: string;
  skipped: {
    [k: string]: number;
  };
  secondsLeft: number | null;
}
/**
 * A run of any kind: a redrive, a forecast, a replay or a rebuild. why: why it is not running.
 */
export interface RunShape {
  id: string;
  kind: string;
  state: "gathering" | "running" | "paused" | "stopped" | "cancelled" | "done";
  by: string;
  why: string;
  total: number;
  created: string;
  ended: string | null;
  counts: {
    [k: string]: number;
  };
}
export interface Runs {
  next?: string;
  runs: RunShape[];
}
/**
 * Sagas: all, and those that completed, by their orders, of another status the newest first.
 *
 * All: those that run are listed once a step has waited for its answer in vain.
 */
export interface SagaList {
  next?: string;
  sagas: SagaView[];
}
/**
 * Where the saga of an order stands.
 */
export interface SagaView {
  orderId: string;
  status: "running" | "parked" | "completed" | "compensated" | "stopped";
  step: number;
  compensating: boolean;
  since: string;
  reason: string;
}
export interface SalesAnswer {
  orders: number;
  items: number;
  revenue: number;
  byStore: StoreSales[];
  byProduct: ProductSales[];
  byHour: HourSales[];
}
export interface StoreSales {
  storeId: string;
  storeName: string;
  orders: number;
  items: number;
  revenue: number;
}
export interface Search {
  filters?: SearchFilters;
  next?: string;
  /**
   * How many at most; 50 when left out.
   */
  limit?: number;
}
/**
 * What an order must match; a filter that is left out or an empty list matches all orders.
 *
 * number: the first eight characters of the order's id, by which its customer knows it.
 */
export interface SearchFilters {
  number?: string;
  customerId?: string;
  after?: string;
  before?: string;
  storeIds?: string[];
  productIds?: string[];
  minTotal?: number;
  maxTotal?: number;
  status?: "pending" | "approved" | "ready" | "completed" | "rejected" | "cancelled";
}
/**
 * sent: the ids of the messages that were put on the bus again.
 */
export interface Sent {
  sent: string[];
}
/**
 * A number, and the one-time code that was sent there.
 */
export interface SentCode {
  smsNumber: string;
  code: string;
}
/**
 * A service. code: the version of the code that it runs, as letters have it; null where it does not answer now.
 *
 * Its first six digits are of what all services share: they differ where a deployment was partial.
 */
export interface ServiceShape {
  name: string;
  code: string | null;
}
export interface Services {
  services: ServiceShape[];
}
export interface Session {
  token: string;
  expiresAt: string;
}
/**
 * A certificate signing request in PEM. The robot's private key stays with the robot.
 */
export interface SigningRequest {
  csr: string;
}
export interface SmsNumber {
  smsNumber: string;
}
export interface SomeItems {
  productId: string;
  quantity: number;
}
export interface StageWaits {
  stage: string;
  orders: number;
  averageSeconds: number;
  longestSeconds: number;
}
export interface Start {
  assignment: number;
}
/**
 * id: of the run.
 */
export interface Started {
  id: string;
}
/**
 * The fields of an aggregate after its event of this version.
 */
export interface StateAnswer {
  version: number;
  state: {
    [k: string]: unknown;
  };
}
export interface StoreAnswer {
  store: StoreShape;
}
export interface StoreShape {
  id: string;
  name: string;
  location: string;
  participating: boolean;
}
export interface StoreName {
  name: string;
}
export interface StoresAnswer {
  next?: string;
  stores: StoreShape[];
}
export interface TimelineAnswer {
  next?: string;
  messages: InsightsMessageShape[];
}
export interface InsightsMessageShape {
  id: string;
  name: string;
  time: string;
  source: string;
  stream: string;
  correlationId: string;
  causationId: string | null;
  actor: string;
  data: {
    [k: string]: unknown;
  };
}
/**
 * The commands that have no answer, by their names, as checkout shows the saga.
 */
export interface Unanswered {
  commands: string[];
}
/**
 * The text of a test that fails as a letter did, and the name of a file for it, below tests/unit.
 */
export interface UnitTest {
  file: string;
  text: string;
}
export interface WaitingAnswer {
  stages: StageWaits[];
}
export interface Why {
  reason: string;
}
/**
 * What differs between two versions.
 */
export interface OperationsDifferenceAnswer {
  changes: ChangeShape[];
}
export interface OrderingItem {
  storeId: string;
  storeName: string;
  productId: string;
  productName: string;
  price: number;
  quantity: number;
}
export interface OrderingOrderAnswer {
  order: OrderingOrderContent;
}
export interface OrderingOrderContent {
  id: string;
  customerId: string;
  paymentId: string;
  items: OrderingItem[];
  status: "pending" | "approved" | "ready" | "completed" | "rejected" | "cancelled";
  ready: boolean;
  paid: boolean;
  total: number;
}
export interface PaymentsDifferenceAnswer {
  difference: DifferenceShape;
}
export interface SearchOrderAnswer {
  order: SearchOrderContent;
}
/**
 * Problem details (RFC 9457) with two more members; `message` equals `detail`.
 */
export interface Problem {
  type: string;
  title: string;
  detail: string;
  instance: string;
  message: string;
  status: 400 | 401 | 403 | 404 | 409 | 412 | 413 | 422 | 429 | 500 | 503 | 405;
  code:
    | "conflict"
    | "forbidden"
    | "idempotency_key_reused"
    | "internal_error"
    | "invalid"
    | "method_not_allowed"
    | "not_found"
    | "refused"
    | "stale"
    | "too_large"
    | "too_many"
    | "unauthenticated"
    | "unavailable";
}

/** What each operation takes and answers. */
export interface Operations {
  "POST /api/baskets": { query: undefined; body: NewBasket; answer: Created };
  "POST /api/baskets/withItems": { query: undefined; body: FilledBasket; answer: Created };
  "DELETE /api/baskets/{id}": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "GET /api/baskets/{id}": { query: undefined; body: undefined; answer: BasketAnswer };
  "PUT /api/baskets/{id}/addItem": { query: undefined; body: SomeItems; answer: Record<string, unknown> };
  "PUT /api/baskets/{id}/addItems": { query: undefined; body: MoreItems; answer: Record<string, unknown> };
  "PUT /api/baskets/{id}/checkout": { query: undefined; body: Checkout; answer: Record<string, unknown> };
  "PUT /api/baskets/{id}/removeItem": { query: undefined; body: SomeItems; answer: Record<string, unknown> };
  "GET /api/checkout/sagas": { query: { limit?: number; next?: string; status?: string }; body: undefined; answer: SagaList };
  "GET /api/checkout/sagas/{orderId}": { query: undefined; body: undefined; answer: OneSaga };
  "PUT /api/checkout/sagas/{orderId}/resume": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "POST /api/customers": { query: undefined; body: NewCustomer; answer: Created };
  "POST /api/customers/codes": { query: undefined; body: SmsNumber; answer: Record<string, unknown> };
  "POST /api/customers/numbers": { query: undefined; body: SmsNumber; answer: Found };
  "POST /api/customers/sessions": { query: undefined; body: SentCode; answer: OpenedSession };
  "DELETE /api/customers/{id}": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "GET /api/customers/{id}": { query: undefined; body: undefined; answer: CustomerAnswer };
  "PUT /api/customers/{id}/change-sms": { query: undefined; body: SmsNumber; answer: Record<string, unknown> };
  "GET /api/customers/{id}/data": { query: { limit?: number; next?: string }; body: undefined; answer: HeldAnswer };
  "PUT /api/customers/{id}/disable": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "PUT /api/customers/{id}/enable": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "PUT /api/customers/{id}/language": { query: undefined; body: ChosenLanguage; answer: Record<string, unknown> };
  "POST /api/customers/{id}/sessions": { query: undefined; body: Record<string, unknown>; answer: Session };
  "GET /api/depot/bots": { query: { limit?: number; next?: string }; body: undefined; answer: BotPage };
  "POST /api/depot/bots": { query: undefined; body: NewBot; answer: RegisteredBot };
  "DELETE /api/depot/bots/{id}": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "PUT /api/depot/bots/{id}/offline": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "PUT /api/depot/bots/{id}/online": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "POST /api/depot/bots/{id}/token": { query: undefined; body: Record<string, unknown>; answer: RenewedToken };
  "GET /api/depot/shopping": { query: { limit?: number; next?: string; status?: string }; body: undefined; answer: ListPage };
  "POST /api/depot/shopping": { query: undefined; body: NewList; answer: Created };
  "GET /api/depot/shopping/{id}": { query: undefined; body: undefined; answer: ListAnswer };
  "POST /api/depot/shopping/{id}": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "PUT /api/depot/shopping/{id}/assign": { query: undefined; body: Assignment; answer: Record<string, unknown> };
  "PUT /api/depot/shopping/{id}/complete": { query: undefined; body: Completion; answer: Record<string, unknown> };
  "PUT /api/depot/shopping/{id}/initiate": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "PUT /api/depot/shopping/{id}/pick": { query: undefined; body: Pick; answer: Record<string, unknown> };
  "PUT /api/depot/shopping/{id}/pickItems": { query: undefined; body: Picks; answer: Record<string, unknown> };
  "PUT /api/depot/shopping/{id}/start": { query: undefined; body: Start; answer: Record<string, unknown> };
  "GET /api/docs": { query: undefined; body: undefined; answer: Record<string, never> };
  "GET /api/fleet/floor": { query: undefined; body: undefined; answer: FloorAnswer };
  "GET /api/fleet/robots": { query: { limit?: number; next?: string }; body: undefined; answer: RobotPage };
  "GET /api/fleet/robots/{id}": { query: undefined; body: undefined; answer: RobotAnswer };
  "PUT /api/fleet/robots/{id}/actions/{actionId}/retry": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "PUT /api/fleet/robots/{id}/actions/{actionId}/skip": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "POST /api/fleet/robots/{id}/certificate": { query: undefined; body: SigningRequest; answer: CertificateAnswer };
  "PUT /api/fleet/robots/{id}/pause": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "PUT /api/fleet/robots/{id}/resume": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "GET /api/insights/funnel": { query: { from?: string; to?: string }; body: undefined; answer: FunnelAnswer };
  "GET /api/insights/orders/{id}/timeline": { query: { limit?: number; next?: string }; body: undefined; answer: TimelineAnswer };
  "GET /api/insights/sales": { query: { from?: string; to?: string }; body: undefined; answer: SalesAnswer };
  "GET /api/insights/timeline/{correlationId}": { query: { limit?: number; next?: string }; body: undefined; answer: TimelineAnswer };
  "GET /api/insights/waiting": { query: { from?: string; to?: string }; body: undefined; answer: WaitingAnswer };
  "GET /api/notifications": { query: { limit?: number; next?: string; customerId: string }; body: undefined; answer: NotificationsAnswer };
  "GET /api/openapi.json": { query: undefined; body: undefined; answer: Record<string, unknown> };
  "GET /api/operations/audit": { query: { limit?: number; next?: string; day?: string; actor?: string; about?: string }; body: undefined; answer: AuditAnswer };
  "GET /api/operations/consumers": { query: undefined; body: undefined; answer: Consumers };
  "PUT /api/operations/consumers/{service}/{queue}/pause": { query: undefined; body: Why; answer: Record<string, unknown> };
  "PUT /api/operations/consumers/{service}/{queue}/resume": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "GET /api/operations/estimates/rebuild": { query: { service: string; view: string; rate?: number }; body: undefined; answer: EstimateAnswer };
  "GET /api/operations/estimates/replay": { query: { to: string; from?: string; stream?: string; since?: string; until?: string; names?: string; view?: string; rate?: number }; body: undefined; answer: EstimateAnswer };
  "POST /api/operations/forecasts": { query: undefined; body: NewForecast; answer: ForecastStarted };
  "GET /api/operations/forecasts/{id}": { query: undefined; body: undefined; answer: ForecastAnswer };
  "GET /api/operations/forecasts/{id}/letters": { query: { limit?: number; next?: string; answer?: string }; body: undefined; answer: ForecastedLetters };
  "GET /api/operations/groups": { query: { limit?: number; next?: string; state?: string }; body: undefined; answer: Groups };
  "GET /api/operations/groups/{id}": { query: undefined; body: undefined; answer: GroupAnswer };
  "PUT /api/operations/groups/{id}/note": { query: undefined; body: Note; answer: Record<string, unknown> };
  "PUT /api/operations/groups/{id}/owner": { query: undefined; body: Owner; answer: Record<string, unknown> };
  "PUT /api/operations/groups/{id}/resolve": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "GET /api/operations/letters": { query: { limit?: number; next?: string; service?: string; message?: string; reason?: string; state?: string; group?: string; order?: string; since?: string; until?: string }; body: undefined; answer: Letters };
  "GET /api/operations/letters/{id}": { query: undefined; body: undefined; answer: LetterAnswer };
  "PUT /api/operations/letters/{id}/data": { query: undefined; body: NewData; answer: Edited };
  "PUT /api/operations/letters/{id}/discard": { query: undefined; body: Reason; answer: Record<string, unknown> };
  "PUT /api/operations/letters/{id}/park": { query: undefined; body: Reason; answer: Record<string, unknown> };
  "PUT /api/operations/letters/{id}/reopen": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "GET /api/operations/letters/{id}/test": { query: undefined; body: undefined; answer: UnitTest };
  "GET /api/operations/orders/{id}/timeline": { query: { limit?: number; next?: string }; body: undefined; answer: CommittedTimeline };
  "POST /api/operations/rebuilds": { query: undefined; body: NewRebuild; answer: Started };
  "GET /api/operations/rebuilds/{id}": { query: undefined; body: undefined; answer: RebuildAnswer };
  "POST /api/operations/redrives": { query: undefined; body: NewRedrive; answer: Begun };
  "POST /api/operations/replays": { query: undefined; body: NewReplay; answer: Started };
  "GET /api/operations/replays/{id}": { query: undefined; body: undefined; answer: ReplayAnswer };
  "GET /api/operations/runs": { query: { limit?: number; next?: string }; body: undefined; answer: Runs };
  "GET /api/operations/runs/{id}": { query: undefined; body: undefined; answer: RunAnswer };
  "PUT /api/operations/runs/{id}/abort": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "PUT /api/operations/runs/{id}/cancel": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "GET /api/operations/runs/{id}/forecast": { query: undefined; body: undefined; answer: ForecastBesideOutcomes };
  "GET /api/operations/runs/{id}/letters": { query: { limit?: number; next?: string }; body: undefined; answer: LettersOfRun };
  "PUT /api/operations/runs/{id}/pause": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "PUT /api/operations/runs/{id}/resume": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "PUT /api/operations/runs/{id}/switch": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "PUT /api/operations/sagas/{orderId}/retry": { query: undefined; body: Unanswered; answer: Sent };
  "GET /api/operations/services": { query: undefined; body: undefined; answer: Services };
  "GET /api/operations/streams/{service}/{kind}/{id}": { query: { limit?: number; next?: string }; body: undefined; answer: CommitsAnswer };
  "GET /api/operations/streams/{service}/{kind}/{id}/difference": { query: { first?: number; second?: number }; body: undefined; answer: OperationsDifferenceAnswer };
  "GET /api/operations/streams/{service}/{kind}/{id}/state": { query: { version?: number; at?: string }; body: undefined; answer: StateAnswer };
  "POST /api/ordering": { query: undefined; body: NewOrder; answer: Created };
  "DELETE /api/ordering/{id}": { query: undefined; body: Cancellation; answer: Record<string, unknown> };
  "GET /api/ordering/{id}": { query: undefined; body: undefined; answer: OrderingOrderAnswer };
  "POST /api/payments": { query: undefined; body: NewPayment; answer: Created };
  "GET /api/payments/differences": { query: { limit?: number; next?: string; status?: string }; body: undefined; answer: DifferenceList };
  "GET /api/payments/differences/{orderId}": { query: undefined; body: undefined; answer: PaymentsDifferenceAnswer };
  "PUT /api/payments/differences/{orderId}/recheck": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "GET /api/payments/invoices/{id}": { query: undefined; body: undefined; answer: InvoiceAnswer };
  "PUT /api/payments/invoices/{id}/pay": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "POST /api/payments/reconciliation": { query: undefined; body: ReconciledDay; answer: Record<string, unknown> };
  "GET /api/payments/{id}": { query: undefined; body: undefined; answer: PaymentAnswer };
  "POST /api/search/orders": { query: undefined; body: Search; answer: OrdersAnswer };
  "GET /api/search/orders/{id}": { query: undefined; body: undefined; answer: SearchOrderAnswer };
  "GET /api/stores": { query: { limit?: number; next?: string }; body: undefined; answer: StoresAnswer };
  "POST /api/stores": { query: undefined; body: NewStore; answer: Created };
  "GET /api/stores/participating": { query: { limit?: number; next?: string }; body: undefined; answer: StoresAnswer };
  "DELETE /api/stores/products/{id}": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "GET /api/stores/products/{id}": { query: undefined; body: undefined; answer: ProductAnswer };
  "PUT /api/stores/products/{id}/decreasePrice": { query: undefined; body: Price; answer: Record<string, unknown> };
  "PUT /api/stores/products/{id}/increasePrice": { query: undefined; body: Price; answer: Record<string, unknown> };
  "PUT /api/stores/products/{id}/rebrand": { query: undefined; body: ProductLabel; answer: Record<string, unknown> };
  "GET /api/stores/{id}": { query: undefined; body: undefined; answer: StoreAnswer };
  "DELETE /api/stores/{id}/participating": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "PUT /api/stores/{id}/participating": { query: undefined; body: Record<string, unknown>; answer: Record<string, unknown> };
  "PUT /api/stores/{id}/rebrand": { query: undefined; body: StoreName; answer: Record<string, unknown> };
  "GET /api/stores/{storeId}/products": { query: { limit?: number; next?: string }; body: undefined; answer: ProductsAnswer };
  "POST /api/stores/{storeId}/products": { query: undefined; body: NewProduct; answer: Created };
  "GET /health": { query: undefined; body: undefined; answer: Health };
}
