"""What a camera's own analysis claims, beside what ours sees; it never decides for ours."""
