using System.Collections.Generic;

namespace Plant.Sensors
{
    public class Monitor
    {
        private readonly Dictionary<string, Threshold> thresholds = new();
        private readonly ISink sink;

        public Monitor(ISink sink)
        {
            this.sink = sink;
        }

        public void Watch(string sensor, Threshold threshold)
        {
            thresholds[sensor] = threshold;
        }

        public void Receive(Reading reading)
        {
            if (!thresholds.TryGetValue(reading.Sensor, out Threshold threshold)) return;
            Severity severity = threshold.$0
            sink.Write(reading, severity);
        }
    }
}
