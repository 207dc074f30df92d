/** What the console says of the map, of time and of faults, in English. */

export const mapTexts = {
  "map.how":
    "Choose a service to see what it takes and gives. Lines to services that only listen are shown for them alone.",
  "map.back": "Choose it again to see all.",
  "map.counted":
    "A line moves while the boards show its messages; its number is of the last minute, since the map was opened, and a lower limit. Dotted lines carry what no board shows, such as commands, replies, baskets, customers and reports of robots: they are not counted.",
  "map.silent": "The boards are not live: no message is counted, so nothing moves.",
  "map.still": "The boards showed no message in the last minute, and no line that is drawn waits or fails.",
  "map.uncounted": "not counted",
  "map.held": "waits",
  "map.lines": "Lines now",
  "map.announced": { one: "{count} service needs attention", other: "{count} services need attention" },
  "map.pace": "{pace} a minute",
  "map.waits": { one: "{count} waits", other: "{count} wait" },
  "map.paused": "paused, {count} waiting",
  "map.dead": { one: "{count} dead letter", other: "{count} dead letters" },
  "map.flow": "From → to",
  "map.table": "Services",
  "map.service": "Service",
  "map.perMinute": "Messages a minute",
  "map.paused.by": "Paused at",
  "map.late": "Late",
  "map.fails": "Fails",

  "past.title": "Order {id} over time",
  "past.moment": "Moment",
  "past.earlier": "Earlier",
  "past.later": "Later",
  "past.of": "{at} of {all}",
  "past.gaps": "Not answered by their owners: {names}. What these were is not shown.",
  "past.others":
    "Not shown as they were: robots, customers, kiosks, stores and products, since they outlive the order.",
  "past.robot": "Robot {id}",
  "past.version": "version {version}",
  "past.changed": "Changed",
  "past.tree": "Messages",
  "past.sent": "{at} of {all} were sent by then.",
  "past.silent": "This event sent none.",

  "break.title": "Break it, watch it, mend it",
  "break.how":
    "Five faults, one after another. Each breaks this local mall alone, and each can be mended. Let customers use it meanwhile: make run does, and make shoppers.",
  "break.none": "The launcher does not answer. It runs with make run, or make control-panel.",
  "break.done": "{done} of {all} seen",
  "break.engine.up": "Engine up",
  "break.engine.silent": "Engine silent",
  "break.engine.down": "Engine down",
  "break.break": "Break it",
  "break.mend": "Mend it",
  "break.seen": "I have seen it",
  "break.since": "Broken since {time}",
  "break.mended": "Mended",
  "break.watch": "Watch it fail.",
  "break.look": "Look there",
  "break.after": "Once mended:",
  "break.trial": "a trial",
  "break.payments": "Stop payments",
  "break.payments.what": "The queue of payments is not read any more, and no operator has paused it.",
  "break.payments.watch":
    "On the map, messages wait for payments while its state says that it runs. New orders stay new; after three tries their sagas compensate.",
  "break.payments.after":
    "the queue drains within seconds. An order that was rejected meanwhile has its payment voided.",
  "break.robot": "Drop a robot",
  "break.robot.what": "The certificate of a robot is switched off, which ends its connection.",
  "break.robot.watch":
    "The robot is shown as one that lost its connection. The depot gives its list, if it has one, to another.",
  "break.robot.after": "it connects again by itself, and is told what became of its list.",
  "break.message": "Poison a message",
  "break.message.what": "A message that nothing can read comes into the queue of the depot.",
  "break.message.watch":
    "It becomes a dead letter at once, since no try could help, and is listed within a minute. It holds up nothing else.",
  "break.message.after": "there is nothing to mend in the code here. Discard the letter, with a reason.",
  "break.network": "Cut the network",
  "break.network.what": "The mall is silent: connections stay open, and nothing answers.",
  "break.network.watch":
    "The console says that it reconnects, then how old is what it shows. Nothing that was typed is lost.",
  "break.network.after":
    "the boards catch up. What was asked in vain is asked again under the same key, so it is done once.",
  "break.engine": "Kill the engine",
  "break.engine.what": "The process that plays AWS is killed, without a save.",
  "break.engine.watch":
    "The console loses its connection, and this page still answers. The last seconds of work may be lost, as a save comes every three.",
  "break.engine.after": "the engine starts from its last save. Clients that had no answer ask again.",
} as const;
