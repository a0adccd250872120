"""Films of fields: paths, cameras, sound, and the writers of films."""
