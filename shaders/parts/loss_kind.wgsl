// The number of the loss: task::Loss has the same order.
override loss_kind: u32;

const SQUARED_ERROR: u32 = 1u;
const HINGE: u32 = 2u;
