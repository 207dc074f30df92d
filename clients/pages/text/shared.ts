/** The texts that both pages have. */

import type { ApiError, Kind } from "../api/problem.ts";
import { dictionary } from "./text.ts";

export const shared = dictionary({
  en: {
    "badge.connecting": "Connecting",
    "badge.live": "Live",
    "badge.reconnecting": "Reconnecting",
    "badge.stale": "Stale for {time}",
    "badge.signIn": "Signed out",
    close: "Close",
    cancel: "Cancel",
    empty: "Nothing here",
    loading: "Loading …",
    retry: "Try again",
    data: "Show as a table",
    required: "required",
    "signIn.title": "Sign in",
    "signIn.action": "Sign in",
    "signIn.choose": "Choose who you are",
    "signIn.local": "This is a mall on this machine. Its users are made up.",
    "signIn.as": "Sign in as {name}",
    "signIn.name": "Name",
    "signIn.password": "One-time password",
    "signIn.device": "An operator signs this kiosk in once.",
    "signIn.failed": "That name and password do not fit.",
    "signIn.ended": "You were signed out. What you were doing is still here after you sign in.",
    "error.offline": "The mall does not answer. Check the connection and try again.",
    "error.unavailable": "This does not work right now. Try again in a moment.",
    "error.too_many": "Too many attempts. Wait a moment and try again.",
    "error.conflict": "Somebody else changed this at the same time. Try again.",
    "error.stale": "Somebody else changed this meanwhile. Look at what is new, then decide again.",
    "error.refused": "This is not possible any more: {detail}.",
    "error.invalid": "This was not accepted: {detail}.",
    "error.not_found": "This is not there any more.",
    "error.forbidden": "You are not allowed to do this.",
    "error.unauthenticated": "Please sign in again.",
    "error.too_large": "This is too much at once.",
    "error.other": "Something went wrong. Tell the mall’s team this number: {correlation}.",
  },
  es: {
    "badge.connecting": "Conectando",
    "badge.live": "En directo",
    "badge.reconnecting": "Reconectando",
    "badge.stale": "Sin novedades desde hace {time}",
    "badge.signIn": "Sesión cerrada",
    close: "Cerrar",
    cancel: "Cancelar",
    empty: "No hay nada",
    loading: "Cargando …",
    retry: "Reintentar",
    data: "Ver como tabla",
    required: "obligatorio",
    "signIn.title": "Iniciar sesión",
    "signIn.action": "Iniciar sesión",
    "signIn.choose": "Elija quién es",
    "signIn.local": "Este centro funciona en esta máquina. Sus usuarios son inventados.",
    "signIn.as": "Entrar como {name}",
    "signIn.name": "Nombre",
    "signIn.password": "Contraseña de un solo uso",
    "signIn.device": "Un operador inicia la sesión de este quiosco una sola vez.",
    "signIn.failed": "Ese nombre y esa contraseña no coinciden.",
    "signIn.ended": "Su sesión se cerró. Lo que estaba haciendo seguirá aquí cuando vuelva a entrar.",
    "error.offline": "El centro no responde. Compruebe la conexión e inténtelo de nuevo.",
    "error.unavailable": "Esto no funciona ahora mismo. Inténtelo de nuevo en un momento.",
    "error.too_many": "Demasiados intentos. Espere un momento e inténtelo de nuevo.",
    "error.conflict": "Otra persona lo cambió al mismo tiempo. Inténtelo de nuevo.",
    "error.stale": "Otra persona lo cambió mientras tanto. Mire lo nuevo y decida otra vez.",
    "error.refused": "Esto ya no es posible: {detail}.",
    "error.invalid": "No se ha aceptado: {detail}.",
    "error.not_found": "Esto ya no está.",
    "error.forbidden": "No tiene permiso para hacer esto.",
    "error.unauthenticated": "Vuelva a iniciar sesión.",
    "error.too_large": "Es demasiado de una vez.",
    "error.other": "Algo ha fallado. Diga este número al equipo del centro: {correlation}.",
  },
});

const SAID: readonly Kind[] = [
  "offline",
  "unavailable",
  "too_many",
  "conflict",
  "stale",
  "refused",
  "invalid",
  "not_found",
  "forbidden",
  "unauthenticated",
  "too_large",
];

/** What to tell a person about an error. The detail of a rule is English: the API speaks no other language. */
export function errorWords(error: Pick<ApiError, "kind" | "detail" | "correlation">): string {
  const { kind, detail, correlation } = error;
  if (!SAID.includes(kind)) return shared("error.other", { correlation: correlation || "–" });
  const key = `error.${kind}` as Parameters<typeof shared>[0];
  return shared(key, { detail: detail.replace(/\.$/, "") || "–" });
}
