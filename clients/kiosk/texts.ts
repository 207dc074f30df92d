/** What the kiosk says. Short words, no jargon: it is read in a mall, and heard. */

import { type ApiError, ApiError as Known } from "../pages/api/problem.ts";
import { dictionary } from "../pages/text/text.ts";
import { GoneError } from "./logic/checkout.ts";
import { es } from "./texts_es.ts";

export const en = {
  "page.title": "MallBots kiosk",
  "attract.title": "Order here. Robots bring it all to the depot.",
  "attract.intro": "Choose from every store, pay once, and pick everything up in one place.",
  "attract.speech": "To have this kiosk read aloud, press any arrow key.",
  "attract.silent": "This kiosk cannot read aloud right now. The mall’s staff will help you.",
  "attract.start": "Start in English",
  "attract.closed": "This kiosk is not ready yet. Please ask the mall’s staff.",
  "stores.title": "Where would you like to shop?",
  "stores.intro": "Choose a store, or search all of them.",
  "stores.list": "Stores that deliver to the depot",
  "stores.others": "Other stores, in the mall only",
  "stores.none": "No store takes orders right now.",
  "stores.search": "Search all stores",
  "store.intro": "Tap Add to put something in your basket.",
  "store.loaded": { one: "{count} product", other: "{count} products" },
  "stores.loaded": { one: "{count} store", other: "{count} stores" },
  "store.none": "This store has no products right now.",
  "store.closed": "This store takes no orders here. You can go there in person.",
  "product.add": "Add",
  "product.addOne": "Add {name}, {price}",
  "product.less": "One {name} less",
  "product.have": { one: "{count} in your basket", other: "{count} in your basket" },
  "product.notHave": "Not in your basket",
  "said.changed": "{name}: {count} in your basket. Total {total}.",
  "said.removed": "{name} is out of your basket. Total {total}.",
  "search.title": "Search all stores",
  "search.intro": "Type a word. The results are below the keys.",
  "search.field": "What are you looking for?",
  "search.found": { one: "{count} product found", other: "{count} products found" },
  "search.first": "{count} products found. Here are the first {shown}: type more to find fewer.",
  "search.loading": "Still loading: not every store has been searched.",
  "search.partial": "Some stores do not answer: not every store has been searched.",
  "search.results": "Results",
  "keys.digits": "Number keys",
  "keys.letters": "Letter keys",
  "keys.delete": "Delete",
  "keys.space": "Space",
  "basket.title": "Your basket",
  "basket.intro": { one: "{count} item, {total} in all.", other: "{count} items, {total} in all." },
  "basket.none": "Your basket is empty.",
  "basket.more": "Add more",
  "basket.button": { one: "Basket, {count} item, {total}", other: "Basket, {count} items, {total}" },
  "basket.line": "{quantity} × {name}, {store}, {total}",
  "basket.total": "Total",
  "basket.continue": "Check what you order",
  "review.title": "Is this right?",
  "review.intro": "Nothing is ordered yet.",
  "review.next":
    "Next, we ask for your phone number, so that we can text you when everything is at the depot. Then you pay.",
  "review.yes": "Yes, continue",
  "review.change": "Change something",
  "who.title": "Have you ordered here before?",
  "who.intro": "Both ways take a minute.",
  "who.new": "No, I am new",
  "who.returning": "Yes, send me a code",
  "phone.title": "Your phone number",
  "phone.intro": "We text you when your order is ready. Your number is not read aloud.",
  "phone.field": "Phone number",
  "phone.hint": "With its area code, such as 555 010 0199",
  "phone.wrong": "This is no phone number yet: it has 7 to 15 digits. Type it again, with its area code.",
  "phone.next": "Continue",
  "phone.send": "Send the code",
  "name.title": "What may we call you?",
  "name.intro": "We use it when you pick up. You can leave it out.",
  "name.field": "First name",
  "name.guest": "Guest",
  "name.next": "Continue",
  "name.skip": "Continue without a name",
  "code.title": "Type the code from the text message",
  "code.intro": "It has 6 digits and is valid for 5 minutes. It is not read aloud.",
  "code.field": "Code",
  "code.short": "The code has 6 digits.",
  "code.next": "Continue",
  "code.again": "Send another code",
  "code.new": "I have no code: register instead",
  "code.sent": "If this number has ordered here before, a code is on its way.",
  "pay.title": "Pay {total}",
  "pay.intro": "The amount is held on your card now. It is charged when you pick up, or earlier if you like.",
  "pay.checking": "We are checking your basket …",
  "pay.ready": "Your basket is checked. You can pay now.",
  "pay.changed": "A price has changed since you looked. The total is now {total}. You decide.",
  "pay.action": "Order and pay {total}",
  "pay.working": "We are placing your order. Please wait …",
  "pay.unsure": "We could not hear whether your order was placed. Tap again: you are never charged twice.",
  "pay.lost": "You cannot pay while there is no connection. Nothing was sent.",
  "pay.back": "Change the basket",
  "order.title": "Thank you. Your order number is {number}",
  "order.intro": "We text you this number, too. You need it when you pick up.",
  "order.placed": "Order placed",
  "order.checking": "We are checking it",
  "order.accepted": "Accepted: robots collect it",
  "order.ready": "At the depot: pick it up",
  "order.onItsWay": "On its way to the depot",
  "order.notComplete": "Not picked up yet",
  "order.paid": "Paid",
  "order.unpaid": "Not charged yet",
  "order.completed": "Complete. Enjoy!",
  "order.rejected": "We are sorry: your order could not be accepted. You pay nothing.",
  "order.cancelled": "This order was cancelled. You owe nothing, and what you paid is refunded.",
  "order.steps": "How far your order is",
  "order.done": "done",
  "order.now": "now",
  "order.later": "later",
  "order.pay": "Charge {total} now",
  "order.charging": "We are charging your card. Please wait …",
  "order.soon": "This can be charged in a moment: try again then, or pay when you pick up.",
  "order.finish": "Finish",
  "order.asOf": "As of {time}. We cannot reach the mall; this may be old.",
  "order.ended":
    "Your time at this kiosk has run out, so nothing new is shown here. We text you when your order is ready.",
  "order.news": "News: {news}.",
  "idle.title": "Are you still there?",
  "idle.text": {
    one: "To protect your privacy, this visit ends in {count} second.",
    other: "To protect your privacy, this visit ends in {count} seconds.",
  },
  "idle.more": "I need more time",
  "idle.end": "End my visit",
  "over.done": "Your visit is over. Nothing of it stays on this kiosk.",
  "leave.title": "End your visit?",
  "leave.text": "Your basket is emptied, and nothing stays on this kiosk.",
  "leave.unsure":
    "We could not hear whether your order was placed. If it was, you get a text message. Nothing stays on this kiosk.",
  "leave.yes": "End my visit",
  "leave.no": "Stay",
  "bar.label": "Help with seeing and hearing",
  "bar.size": "Larger text",
  "bar.contrast": "More contrast",
  "bar.speech": "Read aloud",
  "bar.volume": "Louder",
  "bar.aloud": "Headphones: speak what I type",
  "bar.on": "on",
  "said.size": "Text size {count} of 3",
  "said.volume": "Volume {count} of 3",
  "said.speech": "This kiosk reads aloud. Down goes on, up goes back, Enter chooses. What you type stays private.",
  back: "Back",
  leave: "End visit",
  "net.slow": "The mall is slow to answer. Please wait …",
  "net.lost": "No connection. You can look around; you cannot pay until it is back.",
  "net.lostAge": "No connection. What you see is {time} old; you cannot pay until it is back.",
  "net.back": "The connection is back.",
  "wrong.code": "This code is wrong or too old. Check it, or have another one sent.",
  "wrong.attempts": "Too many attempts. Wait a few minutes, or register as new.",
  "wrong.declined": "The payment was not accepted. You were not charged. Try again, or ask at the desk.",
  "wrong.basket":
    "The mall cannot take this basket in one order. You were not charged. Change it, or ask the mall’s staff.",
  "wrong.full": "Your basket is full: it holds no more of {name}.",
  "wrong.gone": "{name} is sold out. We took it out of your basket.",
  "wrong.offline": "We cannot reach the mall. Nothing is lost: wait a moment and try again.",
  "wrong.again": "That did not work right now. Nothing is lost: try again in a moment.",
  "wrong.phone": "The mall did not accept this number. Check it, please.",
  "wrong.session": "Your time to order has run out. Please type your number again.",
  "wrong.other": "Something went wrong. Please ask the mall’s staff, and tell them: {correlation}.",
  "role.button": "button",
  "role.heading": "heading",
  "role.field": "text field",
  "role.unavailable": "not available now",
  "role.on": "on",
  "role.empty": "empty",
  "role.characters": { one: "{count} character", other: "{count} characters" },
} as const;

export type Texts = Readonly<Record<keyof typeof en, string | { readonly one: string; readonly other: string }>>;

export const t = dictionary({ en, es });

/** What the customer wants of the mall: a code, to be known by one, to register, to pay, to have it ordered, or else. */
export type Doing = "request" | "code" | "register" | "pay" | "order" | "any";

const INVALID: Partial<Record<Doing, keyof typeof en>> = {
  ...{ request: "wrong.phone", code: "wrong.phone", register: "wrong.phone" },
  ...{ pay: "wrong.declined", order: "wrong.basket" },
};

/** What went wrong, for somebody who only wants to order. naming: the name of a product. */
export function wrong(error: unknown, doing: Doing, naming: (id: string) => string): string {
  if (error instanceof GoneError) return t("wrong.gone", { name: naming(error.productId) });
  if (!(error instanceof Known)) return t("wrong.other", { correlation: "–" });
  const { kind } = error as ApiError;
  const invalid = INVALID[doing];
  if (kind === "offline") return t("wrong.offline");
  // Only codes are limited by number: elsewhere the mall is busy, and the customer did nothing too often.
  if (kind === "too_many" && (doing === "code" || doing === "request")) return t("wrong.attempts");
  if (kind === "forbidden" && doing === "code") return t("wrong.code");
  if (kind === "invalid" && invalid) return t(invalid);
  if (kind === "refused" && doing === "pay") return t("wrong.declined");
  if (kind === "unauthenticated" || kind === "forbidden") return t("wrong.session");
  if (error.passes || kind === "stale" || kind === "refused") return t("wrong.again");
  return t("wrong.other", { correlation: error.correlation || "–" });
}
