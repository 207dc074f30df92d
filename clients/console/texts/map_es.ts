/** What the console says of the map, of time and of faults, in Spanish. */

export const mapTextsEs = {
  "map.how":
    "Elija un servicio para ver qué recibe y qué envía. Las líneas hacia los que solo escuchan se muestran al elegirlos.",
  "map.back": "Elíjalo otra vez para verlo todo.",
  "map.announced": { one: "{count} servicio requiere atención", other: "{count} servicios requieren atención" },
  "map.pace": "{pace} por minuto",
  "map.waits": { one: "{count} espera", other: "{count} esperan" },
  "map.paused": "en pausa, {count} esperan",
  "map.dead": { one: "{count} mensaje muerto", other: "{count} mensajes muertos" },
  "map.flow": "De → a",
  "map.table": "Servicios",
  "map.service": "Servicio",
  "map.perMinute": "Mensajes por minuto",
  "map.late": "Con retraso",
  "map.fails": "Falla",

  "past.title": "El pedido {id} a lo largo del tiempo",
  "past.moment": "Momento",
  "past.earlier": "Antes",
  "past.later": "Después",
  "past.of": "{at} de {all}",
  "past.gaps": "Sin respuesta de sus dueños: {names}. No se muestra cómo eran.",
  "past.version": "versión {version}",
  "past.changed": "Cambió",
} as const;
