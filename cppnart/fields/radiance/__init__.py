"""Fields of light: density and colour in space, learnt from photographs and seen along rays."""
