// What stands in the notebook in front: its cells, and in the outputs that a selector finds the
// figures that show, pictures that do not, errors, and widgets without a model.
(selector) => {
  const outputs = [...document.querySelectorAll(selector)];
  const images = outputs.flatMap((output) => [...output.querySelectorAll("img")]);
  const isShown = (image) => image.offsetParent !== null; // a figure's other theme is not
  const isFigure = (image) =>
    image.src.startsWith("data:image/png") && image.naturalWidth > 100 && isShown(image);
  const begin = (output) => output.innerText.slice(0, 200);
  const front = ".jp-NotebookPanel:not(.lm-mod-hidden)";
  return {
    cells: document.querySelectorAll(`${front} .jp-Notebook .jp-Cell`).length,
    figures: images.filter(isFigure).length,
    broken: images.filter((i) => i.complete && !i.naturalWidth).map((i) => i.alt || i.src),
    errors: outputs.filter((o) => /\.error$/.test(o.dataset.mimeType)).map(begin),
    lost: outputs.map(begin).filter((text) => /(Error displaying|Loading) widget/.test(text)),
  };
}
