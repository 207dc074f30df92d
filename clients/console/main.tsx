import "../pages/design/design.css";
import { render } from "preact";

function Page() {
  return (
    <main class="page">
      <h1>MallBots console</h1>
    </main>
  );
}

const place = document.getElementById("page");
if (place) render(<Page />, place);
