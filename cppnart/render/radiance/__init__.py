"""Fields of light as pictures and films: from new places, in other light, by depth."""
