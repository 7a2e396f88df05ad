float sample_rate() { return 48000; }

float sample_at(const float* samples, int n, float time) {
  const int index = static_cast<int>(time * sample_rate());
  return index < n ? samples[index] : 0;
}
