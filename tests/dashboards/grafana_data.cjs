// Grafana's own code from the answers of its server to the table, chart and CSV: frames, transformations, overrides.
// node grafana_data.cjs NODE_MODULES DATA RESULT_TRANSFORMER, pages as JSON on stdin, what they show on stdout.
// What Grafana does in its app, which is no package, is done here as it does it there: see the names in brackets.
const fs = require('fs');
const [modules, name, transformer] = process.argv.slice(2);
const need = require('module').createRequire(`${modules}/`);

console.log = console.info = console.error; // what libraries have to say is no JSON
const page = new (need('jsdom').JSDOM)('', { url: 'http://localhost' });
for (const key of ['window', 'document', 'navigator', 'location', 'history', 'localStorage']) {
  Object.defineProperty(globalThis, key, { value: page.window[key], configurable: true });
}
const data = need(name);

// @grafana/prometheus without the dependencies that this one file does not use.
const imports = { '@grafana/data': data, '@grafana/runtime': {}, lodash: need('lodash') };
const source = fs.readFileSync(transformer, 'utf8');
const called = source.replace(/^import (.*) from (.*);$/gm, 'const $1 = imports[$2];');
const { transformV2 } = new Function('imports', called.replace(/^export (.*);$/m, 'return $1;'))(imports);

// Until 13.0 the registry has transformers themselves, since 13.1 functions that bring them; some have two names.
data.standardTransformersRegistry.setInit(() =>
  imports.lodash.uniqBy(Object.values(data.standardTransformers), 'id').map((one) => {
    const { id, operator, defaultOptions } = one;
    return { id, name: id, transformation: Object.assign(() => one, { operator, defaultOptions }) };
  })
);

// [getAllStandardFieldConfigs; the panels' own options are taken as they are]
const numbers = ['min', 'max', 'decimals', 'fieldMinMax'];
const processors = {
  displayName: data.displayNameOverrideProcessor,
  min: data.numberOverrideProcessor,
  max: data.numberOverrideProcessor,
  decimals: data.numberOverrideProcessor,
};

function options({ defaults, overrides }) {
  const { custom, ...standard } = defaults;
  const ids = [...Object.keys(standard), ...Object.keys(custom ?? {}).map((key) => `custom.${key}`)];
  ids.push(...overrides.flatMap((rule) => rule.properties.map((property) => property.id)));
  const registry = new data.FieldConfigOptionsRegistry();
  for (const id of new Set(ids)) {
    registry.register({
      id,
      name: id,
      path: id.replace(/^custom\./, ''),
      isCustom: id.startsWith('custom.'),
      process: processors[id] ?? ((value) => value),
      shouldApply: ({ type }) => (id === 'mappings' ? type !== 'time' : type === 'number' || !numbers.includes(id)),
      settings: { expandTemplateVars: true },
    });
  }
  return registry;
}

// [scenes: sceneGraph.interpolate, FieldMacro, DataMacro]
function replacer(variables) {
  return (text, scoped) => {
    const at = scoped?.__dataContext?.value;
    const cells = () => data.getFieldDisplayValuesProxy({ frame: at.frame, rowIndex: at.rowIndex });
    const known = Object.entries(variables).reduce((result, [key, value]) => result.replaceAll(key, value), text);
    return known
      .replace(/\$\{__field\.name\}/g, (match) => at?.field.name ?? match)
      .replace(/\$\{__data\.fields\.(\w+)\}/g, (match, field) => (at?.rowIndex === undefined ? match : cells()[field]));
  };
}

function transformed(panel, sources, interpolate) {
  for (const { id } of panel.transformations ?? []) {
    if (!data.standardTransformersRegistry.getIfExists(id)) {
      throw new Error(`${panel.title}: ${id} lives in Grafana's app and cannot be run here: use another one`);
    }
  }
  const { targets, answers, transformations } = panel;
  // [DashboardDatasource, withTransforms: 11.6 hands on the frames themselves, later ones copy their fields]
  const series = answers
    ? transformV2({ data: answers.map((frame) => data.dataFrameFromJSON(frame)) }, { targets }, {}).data
    : sources[targets[0].panelId];
  return need('rxjs').lastValueFrom(data.transformDataFrame(transformations ?? [], series, { interpolate }));
}

function shown(panel, frames, replaceVariables, timeZone) {
  const { fieldConfig } = panel;
  const common = { fieldConfig, replaceVariables, theme: data.createTheme(), timeZone };
  const styled = data.applyFieldOverrides({ ...common, data: frames, fieldConfigRegistry: options(fieldConfig) });
  const text = data.formattedValueToString;
  const reduce = panel.options.reduceOptions;
  const tiles = reduce ? data.getFieldDisplayValues({ ...common, data: styled, reduceOptions: reduce }) : [];
  const fields = styled.flatMap((frame) => frame.fields);
  return {
    frames: frames.length,
    raw: data.toCSV(data.applyRawFieldOverrides(frames)),
    formatted: data.toCSV(styled),
    fields: fields.map((field) => ({ name: field.name, type: field.type, config: field.config })),
    titles: styled.flatMap((frame) => frame.fields.map((field) => data.getFieldDisplayName(field, frame, styled))),
    texts: fields.map(({ values, display }) => values.map((value) => text(display(value)))),
    tiles: tiles.map(({ display }) => [display.title, text(display)]),
  };
}

async function run({ panels, variables, zone }) {
  const [replace, sources, result] = [replacer(variables), {}, {}];
  for (const panel of panels) {
    sources[panel.id] = await transformed(panel, sources, replace);
    result[panel.title] = shown(panel, sources[panel.id], replace, zone);
  }
  return result;
}

async function main() {
  const results = {};
  for (const [key, one] of Object.entries(JSON.parse(fs.readFileSync(0, 'utf8')))) {
    results[key] = await run(one);
  }
  process.stdout.write(JSON.stringify(results));
}

main();
