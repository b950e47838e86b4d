//! Nothing here: the tour is in tests/.
