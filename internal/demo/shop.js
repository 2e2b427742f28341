// « Get help » opens the widget; while it is not there, the link leads to the help center's own page.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-guichet]");
  if (!link || !window.guichet?.version) return;
  event.preventDefault();
  const { guichet: verb, text, order, object, label } = link.dataset;
  guichet(verb, verb === "attachContext" ? { order_id: order, object_id: object, label } : text);
});
