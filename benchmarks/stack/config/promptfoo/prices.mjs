// Every price of the plan stands on the page.
export default (page, { providerResponse }) => {
  const offers = providerResponse.metadata.plan.description.offers.items;
  const lost = offers.map((o) => o.price).filter((price) => !page.includes(price));
  return { pass: lost.length === 0, score: lost.length ? 0 : 1, reason: `lost: ${lost.join(", ")}` };
};
