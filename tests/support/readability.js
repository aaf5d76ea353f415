// What is hard to read below the elements that a selector finds: text below WCAG's contrast AA, and
// content wider than its place. Signs that screen readers skip count as graphics (3 to 1).
(selector) => {
  const numbers = (colour) => [...colour.match(/[\d.]+/g).map(Number), 1].slice(0, 4);
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3]));

  const background = (element) => {
    if (!element) return [255, 255, 255];
    const colour = numbers(getComputedStyle(element).backgroundColor);
    return colour[3] > 0 ? over(colour, background(element.parentElement)) : background(element.parentElement);
  };

  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };

  const found = [];
  for (const root of document.querySelectorAll(selector)) {
    if (root.offsetParent === null) continue;
    const begin = root.innerText.slice(0, 60);
    if (root.scrollWidth > root.clientWidth + 1) found.push(`wider than its place: ${begin}`);
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode.textContent.trim();
      const element = texts.currentNode.parentElement;
      if (!text || element.tagName === "STYLE" || !element.getClientRects().length) continue;
      const style = getComputedStyle(element);
      const behind = background(element);
      const ink = over(numbers(element.closest("svg") ? style.fill : style.color), behind);
      const [light, dark] = [luminance(ink), luminance(behind)].sort((a, b) => b - a);
      const ratio = (light + 0.05) / (dark + 0.05);
      const size = parseFloat(style.fontSize);
      const isLarge = size >= 24 || (size >= 18.6 && style.fontWeight >= 600);
      const least = isLarge || element.ariaHidden === "true" ? 3 : 4.5;
      if (ratio < least) found.push(`contrast ${ratio.toFixed(2)}: ${text.slice(0, 60)}`);
    }
  }
  return found;
}
