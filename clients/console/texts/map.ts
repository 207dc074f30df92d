/** What the console says of the map, of time and of faults, in English. */

export const mapTexts = {
  "map.how":
    "Choose a service to see what it takes and gives. Lines to services that only listen are shown for them alone.",
  "map.back": "Choose it again to see all.",
  "map.announced": { one: "{count} service needs attention", other: "{count} services need attention" },
  "map.pace": "{pace} a minute",
  "map.waits": { one: "{count} waits", other: "{count} wait" },
  "map.paused": "paused, {count} waiting",
  "map.dead": { one: "{count} dead letter", other: "{count} dead letters" },
  "map.flow": "From → to",
  "map.table": "Services",
  "map.service": "Service",
  "map.perMinute": "Messages a minute",
  "map.late": "Late",
  "map.fails": "Fails",

  "past.title": "Order {id} over time",
  "past.moment": "Moment",
  "past.earlier": "Earlier",
  "past.later": "Later",
  "past.of": "{at} of {all}",
  "past.gaps": "Not answered by their owners: {names}. What these were is not shown.",
  "past.version": "version {version}",
  "past.changed": "Changed",
} as const;
