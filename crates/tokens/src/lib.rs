//! Claims, minting, verification, key sets, revocation.
