using System;

namespace Plant.Sensors
{
    public readonly struct Reading
    {
        public Reading(string sensor, double value, DateTime at)
        {
            Sensor = sensor;
            Value = value;
            At = at;
        }

        public string Sensor { get; }
        public double Value { get; }
        public DateTime At { get; }
    }
}
