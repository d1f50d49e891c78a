/** An image that the fake has, and what its environment groups hold: the same for every target. */
export const image = "busybox:1";

const envGroup = { name: "contract-group", key: "CONTRACT_VALUE", value: "from the group" };

export const fakeOptions = {
  envGroup,
  fake: { envGroups: { [envGroup.name]: { [envGroup.key]: envGroup.value } }, cors: true },
};
