/** A robot that brings a basket: what the kiosk shows while it waits for a customer. Nothing depends on seeing it. */
export const Robot = () => (
  <svg class="robot" viewBox="0 0 240 240" aria-hidden="true">
    <path class="robot-line" d="M120 24v24M58 206l-8-74h140l-8 74zM97 132l4 74M143 132l-4 74M54 168h132" />
    <rect class="robot-fill" x="68" y="46" width="104" height="76" rx="22" />
    <circle class="robot-fill" cx="120" cy="18" r="9" />
    <circle class="robot-fill" cx="84" cy="220" r="14" />
    <circle class="robot-fill" cx="156" cy="220" r="14" />
    <path class="robot-face" d="M98 78v10M142 78v10M106 104q14 9 28 0" />
  </svg>
);
