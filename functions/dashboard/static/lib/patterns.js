// What the API takes in a field of this kind.
export const NAME = /^[A-Za-z0-9]{1,64}$/;
export const NUMBER = /^[0-9]{12}$/;
export const ROLE_NAME = /^Cavok[A-Za-z0-9+=,.@_-]{0,59}$/;
export const UNIT = /^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})$/;
