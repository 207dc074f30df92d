import { dictionary } from "../pages/text/text.ts";

export const texts = dictionary({
  en: {
    "caller.in": "Requests that you try are sent with your token.",
    "caller.out": "To try requests, sign in on the console first, in this tab.",
    "caller.console": "Go to the console",
    "caller.choose": "Choose as whom to try requests",
  },
  es: {
    "caller.in": "Las peticiones que pruebe se envían con su token.",
    "caller.out": "Para probar peticiones, inicie antes la sesión en la consola, en esta pestaña.",
    "caller.console": "Ir a la consola",
    "caller.choose": "Elija como quién probar las peticiones",
  },
});
