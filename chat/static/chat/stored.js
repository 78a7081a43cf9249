// A list that survives reloads, as far as the tab's storage lets it.

export function stored(storage, key) {
  try {
    return JSON.parse(storage.getItem(key)) ?? [];
  } catch {
    return [];
  }
}

export function store(storage, key, list) {
  try {
    if (list.length) storage.setItem(key, JSON.stringify(list));
    else storage.removeItem(key);
  } catch {
    // Storage is full or forbidden: what it holds is still in memory.
  }
}
