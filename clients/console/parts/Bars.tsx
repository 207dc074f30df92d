/** Values with long names, as a table in which each has a bar: nothing is drawn that is not said too. */

interface Bar {
  readonly id: string;
  readonly label: string;
  readonly value: number;
}

interface Props {
  readonly title: string;
  readonly labels: string;
  readonly values: string;
  readonly bars: readonly Bar[];
  readonly show: (value: number) => string;
  readonly none: string;
}

export function Bars({ title, labels, values, bars, show, none }: Props) {
  const highest = Math.max(1, ...bars.map(({ value }) => value));
  return (
    <div class="plot">
      <h2 class="plot-title">{title}</h2>
      {bars.length === 0 ? (
        <p class="soft">{none}</p>
      ) : (
        <table class="bars">
          <caption class="for-readers">{title}</caption>
          <thead class="for-readers">
            <tr>
              <th scope="col">{labels}</th>
              <th scope="col">{values}</th>
            </tr>
          </thead>
          <tbody>
            {bars.map(({ id, label, value }) => (
              <tr key={id}>
                <th scope="row">{label}</th>
                <td>
                  <span class="bar">
                    <svg aria-hidden="true" viewBox="0 0 100 10" preserveAspectRatio="none">
                      <rect class="mark" width={(value / highest) * 100} height="10" />
                    </svg>
                    <span class="number">{show(value)}</span>
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
