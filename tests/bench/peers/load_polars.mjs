// Seconds that Polars takes to read a CSV file into columns: one number a run, as JSON.
//   npm install nodejs-polars nodejs-polars-linux-x64-gnu   (somewhere outside of the project)
//   POLARS_MAX_THREADS=2 node load_polars.mjs ratings.csv 5
// Run it in turns with `rowlight-cli bench load ratings.csv --threads 2` on a machine that does nothing else.
import { createRequire } from 'node:module';

// Packages are looked for where the command is given.
const polars = createRequire(process.cwd() + '/')('nodejs-polars');
const [file, runs = '5'] = process.argv.slice(2);
const seconds = [];
for (let run = 0; run <= Number(runs); ++run) {
  const start = process.hrtime.bigint();
  polars.readCSV(file);
  seconds.push(Number(process.hrtime.bigint() - start) / 1e9);
}
const [first, ...rest] = seconds;
rest.sort((a, b) => a - b);
console.log(JSON.stringify({
  threads: process.env.POLARS_MAX_THREADS ?? 'all', first_seconds: first,
  seconds: rest[Math.floor(rest.length / 2)], fastest_seconds: rest[0], slowest_seconds: rest[rest.length - 1],
}));
