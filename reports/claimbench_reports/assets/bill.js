"use strict";
// The bill of a month and of years, as claimbench.economics.volume.months reckons it: the same steps
// in the same order. tests/reports/test_what_if.py holds both against each other.
const claimbenchBill = (() => {
  const MONTH = 730, YEAR = 8760, NEARLY = 1e-9, MOST = 1000000;

  // Dollars of a mean request under other prices and another cached share, as a factor of today's
  // (ApiSide.usd): the price of cached tokens moves with that of the others.
  const request = (r, input, output, share, cache) =>
    (r.input_tokens * ((1 - share) * input + share * cache) + r.output_tokens * output) / 1e6 + r.other_usd;
  const factor = (r, change) => {
    const { input = r.input_rate, output = r.output_rate, cached = r.cache_share } = change;
    const kept = r.cache_rate === null ? r.input_rate : r.cache_rate;
    const moved = r.cache_rate === null ? input : r.input_rate > 0 ? kept * input / r.input_rate : kept;
    return request(r, input, output, cached, moved) / request(r, r.input_rate, r.output_rate, r.cache_share, kept);
  };

  // Tiers, allowances, the commitment's discount, other discounts; never less than is committed.
  const usage = (requests, each, t) => {
    let full = 0, start = 0, off = 0;
    for (const tier of [...t.tiers, null]) {
      const end = tier === null ? Infinity : tier.above_requests;
      full += Math.max(0, Math.min(requests, end) - start) * (1 - off);
      if (tier !== null) { start = tier.above_requests; off = tier.discount; }
    }
    let usd = Math.max(0, (full - Math.min(t.free_requests, requests)) * each - t.free_usd);
    let least = 0;
    if (t.commitment !== null) { usd *= 1 - t.commitment.discount; least = t.commitment.usd_per_month; }
    return Math.max(usd * (1 - t.discount), least);
  };

  // Machines that the busiest hour needs, without spare ones; null: more than anybody has.
  const needed = (requests, rate, v) => {
    const load = requests * v.peak_factor / v.hours / rate;
    return load <= MOST ? Math.max(1, Math.ceil(load * (1 - NEARLY))) : null;
  };

  const requestsIn = (v, month) => v.requests * (1 + v.growth) ** ((month - 1) / 12);

  // Machines of each month; bought ones stay, and are replaced at the end of their life.
  const fleets = (m, rate, spare, v) => {
    const counts = [];
    for (let month = 1; month <= v.months; month += 1) {
      const count = needed(requestsIn(v, month), rate, v);
      if (count === null) return null;
      counts.push(count + spare);
    }
    if (m.usd_per_hour !== null || m.life_months === null) return counts.map((machines) => ({ machines, bought: 0, retired: 0 }));
    const found = [], boughtIn = new Map();
    let owned = 0;
    counts.forEach((count, i) => {
      const month = i + 1, worn = boughtIn.get(month - m.life_months) ?? 0;
      const bought = Math.max(0, count - owned) + worn;
      owned = Math.max(owned, count);
      boughtIn.set(month, bought);
      found.push({ machines: owned, bought, retired: boughtIn.get(month - m.life_months + 1) ?? 0 });
    });
    return found;
  };

  const machineUsd = (m, fleet, hours, price, v, t) => {
    const spread = m.usd_per_hour === null && m.life_years !== null
      ? (m.purchase_usd - m.residual_usd) / (m.life_years * YEAR) * MONTH * fleet.machines : 0;
    const rent = (m.usd_per_hour ?? 0) * price;
    let running = m.running_usd_per_hour * hours, committed = 0;
    if (t.commitment !== null) {
      committed = t.commitment.machines * v.hours;
      running += committed * rent * (1 - t.commitment.discount);
    }
    running += Math.max(0, hours - committed) * rent;
    return [running * (1 - t.discount), spread];
  };

  // Every month's bill; null where the peak needs more machines than anybody has.
  // ``value``: dollars per request of an endpoint, requests an hour of a machine.
  const ledger = (arm, value, spare, v) => {
    const t = arm.terms, m = arm.machine;
    const fleet = m === null ? null : fleets(m, value, spare, v);
    if (m !== null && fleet === null) return null;
    const found = [];
    for (let month = 1; month <= v.months; month += 1) {
      const requests = requestsIn(v, month), price = (1 + t.price_change) ** ((month - 1) / 12);
      const once = t.once.filter((one) => one.month === month).reduce((sum, one) => sum + one.usd, 0);
      if (m === null) {
        const usd = usage(requests, value * price, t) + t.fixed_usd;
        found.push({ requests, usd, once, cash: usd + once, machines: 0 });
        continue;
      }
      const now = fleet[month - 1], busy = requests / value;
      const spoken = t.commitment === null ? 0 : t.commitment.machines;
      const hours = t.scales_to_zero ? Math.max(busy, spoken * v.hours) : now.machines * v.hours;
      const [paid, spread] = machineUsd(m, now, hours, price, v, t);
      const running = paid + t.fixed_usd;
      const moved = (m.purchase_usd ?? 0) * now.bought - m.residual_usd * now.retired;
      found.push({ requests, usd: running + spread, once, cash: running + moved + once, machines: now.machines });
    }
    return found;
  };

  const total = (months, count) => months.slice(0, count).reduce((sum, one) => sum + one.usd + one.once, 0);

  // An arm under changes, as the suite would state it.
  const changed = (arm, change) => {
    const terms = { ...arm.terms, discount: change.discount ?? arm.terms.discount };
    if (arm.machine === null) {
      const by = arm.request === null ? change.price ?? 1 : factor(arm.request, change);
      return { arm: { ...arm, terms }, by };
    }
    const machine = { ...arm.machine };
    if (change.hourly !== undefined && machine.usd_per_hour !== null) machine.usd_per_hour = change.hourly;
    if (change.purchase !== undefined && machine.purchase_usd !== null) {
      machine.purchase_usd = change.purchase;
      machine.residual_usd = Math.min(machine.residual_usd, change.purchase);
    }
    return { arm: { ...arm, terms, machine }, by: 1 };
  };

  // One arm's figures at a volume under changes: the first month with its interval, totals of the
  // horizons, machines; or ``why`` there are none.
  const figures = (given, volume, change, horizons) => {
    const { arm, by } = changed(given, change);
    let spare = arm.spare_machines;
    if (arm.machine !== null && change.machines !== undefined) {
      const least = needed(volume.requests, arm.value, volume);
      if (least !== null && change.machines < least) return { why: "few", least };
      if (least !== null) spare = change.machines - least;
    }
    const months = ledger(arm, arm.value * by, spare, volume);
    if (months === null) return { why: "many" };
    let low = null, high = null;
    if (arm.ends !== null) {
      const ends = arm.machine === null ? arm.ends.map((end) => Math.max(0, end * by)) : [arm.ends[1], arm.ends[0]];
      [low, high] = ends.map((end) => ledger(arm, end, spare, volume));
    }
    const both = low !== null && high !== null;
    const span = (of) => both ? [of(low), of(high)] : null;
    return {
      month: months[0].usd, month_span: span((one) => one[0].usd), machines: months[0].machines,
      totals: horizons.map((count) => total(months, count)),
      total_spans: horizons.map((count) => span((one) => total(one, count))),
      months,
    };
  };

  return { figures, needed };
})();
